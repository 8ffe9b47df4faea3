const TIMEOUT_MS = 3_000;
const MAX_BYTES = 256 * 1024;
const PAUSE_MS = 2_000;

export type Ask = (url: string, request?: RequestInit) => Promise<unknown>;

/** Asks a provider for JSON: at most 3 s and 256 kB, no redirects. One that has just failed is left alone for a moment, so
 *  that it is not asked once a request while it is down, and nobody waits for each of its timeouts. */
export function asking(): Ask {
  const failures = new Map<string, { until: number; error: Error }>();
  return async (url, request = {}) => {
    const failed = failures.get(url);
    if (failed && failed.until > Date.now()) throw failed.error;
    try {
      const answer = await fetch(url, {
        ...request,
        headers: { accept: 'application/json', ...request.headers },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.status !== 200) {
        await answer.body?.cancel();
        throw new Error(`${url} answers ${answer.status}`);
      }
      const value = JSON.parse(await textOf(answer, url));
      failures.delete(url);
      return value;
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      failures.set(url, { until: Date.now() + PAUSE_MS, error });
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
