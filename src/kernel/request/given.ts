type Given<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** What an update names: fields left out or null stay as they are. */
export function given<T extends object>(input: T): Given<T> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value != null)) as Given<T>;
}
