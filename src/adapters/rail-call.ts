import { isStorable } from '../domain/storable.ts';
import { RailBusy } from '../ports/payout-rail.ts';

const TIMEOUT_MS = 10_000; // shorter than a payout's lease, so that the timeout comes first
const MAX_BYTES = 1_000_000;
/** The longest wait that a rail can request; afterwards the rail is called again. */
const LONGEST_WAIT_SECONDS = 3_600;

export interface RailAnswer {
  readonly status: number;
  /** The JSON object of the response; it may be empty for an error. */
  readonly body: Fields;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface RailCallRequest {
  readonly method?: 'GET' | 'POST';
  /** Starts with `/`. The part after `?` is not included in error messages. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export type RailCall = (request: RailCallRequest) => Promise<RailAnswer>;

/** Calls one rail's API: limited in time and size, no redirects. Throws RailBusy when the rail was not reached or defers
 *  the call; any other error means that the outcome of the call is unknown. No error contains the request or the response. */
export function railCall(name: string, baseUrl: string, { timeoutMs = TIMEOUT_MS } = {}): RailCall {
  return async ({ method = 'GET', path, headers, body }) => {
    const [place = ''] = path.split('?', 1);
    const what = `${name}: ${method} ${place.replace(/\/(fa|cont)_\w+$/, '')}`;
    const late = AbortSignal.timeout(timeoutMs);
    let answer: Response;
    try {
      answer = await fetch(baseUrl + path, {
        ...{ method, redirect: 'manual', signal: late },
        headers: { accept: 'application/json', ...headers },
        ...(body !== undefined && { body }),
      });
    } catch (error) {
      const code = codeOf(error);
      if (NEVER_LEFT.has(code)) throw new RailBusy(`${what} was not sent (${code})`);
      throw new Error(`${what} got no response (${late.aborted ? 'timeout' : code})`);
    }
    const text = await textOf(answer, what);
    if (answer.status === 429)
      throw new RailBusy(`${what} is temporarily refused`, retryAfterOf(answer.headers.get('retry-after')));
    if (answer.status >= 500 || answer.status < 200 || (answer.status >= 300 && answer.status < 400))
      throw new Error(`${what} returned ${answer.status}`);
    const json = parsed(text);
    if (!isFields(json) && answer.status < 300) throw new Error(`${what} did not return a JSON object`);
    return { status: answer.status, body: isFields(json) ? json : {} };
  };
}

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value if it is an object, otherwise an empty object. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

export const textField = (value: unknown): string => (typeof value === 'string' ? value : '');

/** An id of ours or of the rail in a signed message; null for another value. An id that cannot be stored stays, so that the message is
 *  parked for a person. */
export const idField = (value: unknown, pattern: RegExp): string | null =>
  typeof value === 'string' && (pattern.test(value) || !isStorable(value)) ? value : null;

/** The response does not match the request, so it is not trusted. */
class RailContradiction extends Error {}

export function agree(what: string, fine: boolean): void {
  if (!fine) throw new RailContradiction(`${what} does not match the request`);
}

// The connection was never established, so the rail received nothing.
const NEVER_LEFT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

function codeOf(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : 'no connection';
}

async function textOf(answer: Response, what: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of answer.body ?? []) {
      size += part.length;
      if (size > MAX_BYTES) break; // leaving the loop ends the stream
      parts.push(part);
    }
  } catch {
    throw new Error(`${what} was cut off`);
  }
  if (size > MAX_BYTES) throw new Error(`${what} returned more than ${MAX_BYTES} bytes`);
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Seconds, parsed from a number of seconds or a date. */
function retryAfterOf(header: string | null): number | null {
  if (!header) return null;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? null : Math.min(LONGEST_WAIT_SECONDS, Math.max(0, Math.ceil(seconds)));
}
