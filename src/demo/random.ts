import { v7 } from 'uuid';

export const HOUR_MS = 60 * 60 * 1_000;
export const DAY_MS = 24 * HOUR_MS;

export const later = (at: Date, ms: number): Date => new Date(at.getTime() + Math.round(ms));

/** Repeatable random numbers: sfc32 with a fixed seed. The order of draws is part of the data. */
export class Random {
  #a = 0x9e3779b9;
  #b = 0x243f6a88;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#c = seed;
    for (let round = 0; round < 12; round++) this.#word();
  }

  #word(): number {
    const word = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + word) | 0;
    return word >>> 0;
  }

  /** Returns a number in [0, 1). */
  next(): number {
    return this.#word() / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Returns a whole number, both ends included. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)] as T;
  }

  /** Returns one of the keys, with the probability of its weight. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    return (entries.at(-1) as [K, number])[0];
  }

  shuffled<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let last = result.length - 1; last > 0; last--) {
      const other = this.int(0, last);
      [result[last], result[other]] = [result[other] as T, result[last] as T];
    }
    return result;
  }

  bytes(): Uint8Array {
    return new Uint8Array(Uint32Array.of(this.#word(), this.#word(), this.#word(), this.#word()).buffer);
  }

  /** Returns a UUID v7 of that time, because lists are sorted by id. */
  id(at: Date): string {
    return v7({ msecs: at.getTime(), random: this.bytes() });
  }

  /** Returns an id of another system, e.g. `cust_4fz81k02qa`. */
  token(prefix: string): string {
    const letters = Array.from(this.bytes().slice(0, 10), (byte) => (byte % 36).toString(36));
    return `${prefix}_${letters.join('')}`;
  }
}
