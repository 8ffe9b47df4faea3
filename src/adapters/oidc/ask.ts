const MAX_BYTES = 256 * 1024;
const PAUSE_MS = 2_000;

/** `read` takes the answer apart; an answer that it throws at is as good as none. */
export type Ask = <T>(url: string, read: (answer: Answer) => T, request?: RequestInit) => Promise<T>;
type Answer = Readonly<Record<string, unknown>>;

/** Asks a provider for JSON: at most `timeoutMs` and 256 kB, no redirects. One that has just failed is left alone for a moment, so
 *  that it is not asked once a request while it is down, and nobody waits for each of its timeouts. */
export function asking(timeoutMs: number): Ask {
  const refusals = new WeakSet<Error>();
  const failures = new Map<string, { until: number; error: Error }>();
  return async (url, read, request = {}) => {
    const failed = failures.get(url);
    if (failed && failed.until > Date.now()) throw failed.error;
    try {
      const answer = await fetch(url, {
        ...request,
        headers: { accept: 'application/json', ...request.headers },
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (answer.status !== 200) {
        await answer.body?.cancel();
        const refused = new Error(`${url} answers ${answer.status}`);
        // It may dislike this one question, which a stranger has chosen: others are asked all the same.
        if (request.method === 'POST' && answer.status < 500) refusals.add(refused);
        throw refused;
      }
      const value: unknown = JSON.parse(await textOf(answer, url));
      if (typeof value !== 'object' || value === null) throw new Error(`${url} answers no object`);
      const taken = read(value as Answer);
      failures.delete(url);
      return taken;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (!refusals.has(error)) failures.set(url, { until: Date.now() + PAUSE_MS, error });
      throw error;
    }
  };
}

async function textOf(answer: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of answer.body ?? []) {
    size += part.length;
    if (size > MAX_BYTES) throw new Error(`${url} answers more than ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
