const PAUSE_MS = 250;

/** Yields `subject` at once and after each change that `listen` reports; changes within the pause count as one. It listens
 *  from the call on. `return` ends a wait at once, which an async generator would not do. */
export function changesOf<T>(
  listen: (changed: () => void) => () => void,
  subject: T,
): AsyncIterableIterator<T, undefined> {
  let changed = true; // a new subscriber first gets the current state
  let ended = false;
  let notBefore = 0;
  let answer: ((result: IteratorResult<T, undefined>) => void) | null = null;
  let timer: NodeJS.Timeout | null = null;

  function deliver(): void {
    if (!answer || timer || !(changed || ended)) return;
    const wait = ended ? 0 : notBefore - Date.now();
    if (wait > 0) {
      timer = setTimeout(() => {
        timer = null;
        deliver();
      }, wait);
      return;
    }
    const give = answer;
    answer = null;
    changed = false;
    notBefore = Date.now() + PAUSE_MS;
    give(ended ? { value: undefined, done: true } : { value: subject, done: false });
  }

  const unsubscribe = listen(() => {
    changed = true;
    deliver();
  });

  return {
    next() {
      return new Promise((resolve) => {
        answer = resolve;
        deliver();
      });
    },
    async return() {
      ended = true;
      unsubscribe();
      if (timer) clearTimeout(timer);
      timer = null;
      deliver();
      return { value: undefined, done: true };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
