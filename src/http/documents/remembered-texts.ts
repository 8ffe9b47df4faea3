/** Values by the hash of a text, within a bound of the texts' bytes; the one that was not used for the longest time goes
 *  first. */
export class RememberedTexts<T> {
  readonly #values = new Map<string, { readonly value: T; readonly bytes: number }>();
  readonly #most: number;
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#most = mostBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  find(hash: string): T | null {
    const found = this.#values.get(hash);
    if (!found) return null;
    this.#values.delete(hash);
    this.#values.set(hash, found); // now the last to go
    return found.value;
  }

  keep(hash: string, value: T, bytes: number): void {
    this.#drop(hash);
    this.#values.set(hash, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#values.keys()) {
      if (this.#bytes <= this.#most) return;
      this.#drop(oldest);
    }
  }

  #drop(hash: string): void {
    this.#bytes -= this.#values.get(hash)?.bytes ?? 0;
    this.#values.delete(hash);
  }
}
