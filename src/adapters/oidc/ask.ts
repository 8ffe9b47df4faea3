const MAX_BYTES = 256 * 1024;
const PAUSE_MS = 2_000;

/** `read` parses the response. A response for which it throws counts as no response. */
export type Ask = <T>(url: string, read: (answer: Answer) => T, request?: RequestInit) => Promise<T>;
type Answer = Readonly<Record<string, unknown>>;

/** Requests JSON from a provider: at most `timeoutMs` and 256 kB, no redirects. After a failure no request is sent for a moment, so
 *  that not every caller waits for a timeout while the provider is down. */
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
        // A 4xx may concern only this request, which a stranger chose: other requests are still sent.
        if (request.method === 'POST' && answer.status < 500) refusals.add(refused);
        throw refused;
      }
      const value: unknown = JSON.parse(await textOf(answer, url));
      if (typeof value !== 'object' || value === null) throw new Error(`${url} did not return a JSON object`);
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
    if (size > MAX_BYTES) throw new Error(`${url} returned more than ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
