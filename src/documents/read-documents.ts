import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, print, separateOperations } from 'graphql';

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Every operation of the `.graphql` files of a folder, each with the fragments it needs, under the hash of its text. */
export function readDocuments(folder: string): Record<string, string> {
  const texts = readdirSync(folder)
    .filter((file) => file.endsWith('.graphql'))
    .toSorted()
    .flatMap((file) =>
      Object.values(separateOperations(parse(readFileSync(join(folder, file), 'utf8')))).map(print),
    );
  return Object.fromEntries(texts.map((text) => [sha256(text), text]));
}
