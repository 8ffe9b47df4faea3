interface PlaceCounter {
  /** Takes a place under the key. Returns the way out, which counts once; null when all places are taken. */
  enter(key: string, most: number): (() => void) | null;
}

/** Counts open places by key. */
export function placeCounter(): PlaceCounter {
  const taken = new Map<string, number>();
  return {
    enter(key, most) {
      const count = taken.get(key) ?? 0;
      if (count >= most) return null;
      taken.set(key, count + 1);
      let inside = true;
      return () => {
        if (!inside) return;
        inside = false;
        const left = (taken.get(key) ?? 1) - 1;
        if (left > 0) taken.set(key, left);
        else taken.delete(key);
      };
    },
  };
}
