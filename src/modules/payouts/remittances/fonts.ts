import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import anyAscii from 'any-ascii';
import { create, type Font } from 'fontkit';

// Fonts from packages, embedded in each document. No other file is read and nothing is downloaded. This file is part of the
// thread that draws, so nothing here and in its imports may need a compiler.

const { resolve } = createRequire(import.meta.url);

/** The folder of the main font: Latin, Greek and Cyrillic. */
export const MAIN_FOLDER = join(dirname(resolve('pdfmake/package.json')), 'fonts', 'Roboto');

const noto = (script: string) =>
  `@fontsource/noto-sans-${script}/files/noto-sans-${script}-${script}-400-normal.woff`;

/** Files of the other fonts. The last one has a plain glyph for nearly every character. */
const FILES = {
  Arabic: noto('arabic'),
  Hebrew: noto('hebrew'),
  Devanagari: noto('devanagari'),
  Thai: noto('thai'),
  Georgian: noto('georgian'),
  Armenian: noto('armenian'),
  Unifont: '@fontsource/unifontex/files/unifontex-latin-400-normal.woff',
} as const;
type OtherFont = keyof typeof FILES;
export type FontName = OtherFont | 'Roboto';

const RIGHT_TO_LEFT: ReadonlySet<FontName> = new Set(['Arabic', 'Hebrew']);
const JOINED = /^[\p{M}\u200c\u200d]$/u; // belongs to the character before
// Characters without a form of their own: of control, of direction, of the choice of a variant, and unassigned ones.
const UNSEEN = /(?![\u200c\u200d])\p{C}|\p{Variation_Selector}/gu;

const files = new Map<OtherFont, Buffer>();
const fonts = new Map<FontName, Font>();

/** The font's file, which the document embeds. */
export function fileOf(name: OtherFont): Buffer {
  const known = files.get(name);
  if (known) return known;
  const file = sfntOf(readFileSync(resolve(FILES[name])));
  files.set(name, file);
  return file;
}

function fontOf(name: FontName): Font {
  const known = fonts.get(name);
  if (known) return known;
  const file = name === 'Roboto' ? readFileSync(join(MAIN_FOLDER, 'Roboto-Regular.ttf')) : fileOf(name);
  const font = create(file) as Font;
  fonts.set(name, font);
  return font;
}

const has = (name: FontName, character: string): boolean =>
  fontOf(name).hasGlyphForCodePoint(character.codePointAt(0) ?? 0);

const ORDER = ['Roboto', ...(Object.keys(FILES) as OtherFont[])] as const;

export interface Run {
  readonly text: string;
  readonly font: FontName;
}

/** Divides a text into runs of one font that has a glyph for each character, in the order from left to right. A character that
 *  no font has is transliterated, and so is, in brackets, a script whose marks the last font does not place. */
export function runsOf(text: string): Run[] {
  const runs: { text: string; font: FontName }[] = [];
  for (const character of text.normalize('NFC').replace(UNSEEN, '')) {
    const last = runs.at(-1);
    // Blanks and marks stay with the characters before them.
    if (last && (character === ' ' || JOINED.test(character)) && has(last.font, character)) {
      last.text += character;
      continue;
    }
    const font = ORDER.find((name) => has(name, character));
    const shown = font ? character : anyAscii(character) || '?';
    const name = font ?? 'Roboto';
    if (last?.font === name) last.text += shown;
    else runs.push({ text: shown, font: name });
  }
  return fromLeftToRight(
    runs.flatMap((run) => {
      if (run.font !== 'Unifont' || !/\p{M}/u.test(run.text)) return [run];
      const [, shown = '', blank = ''] = /^(.*?)( *)$/su.exec(run.text) ?? [];
      return [
        { text: shown, font: run.font },
        { text: ` (${anyAscii(shown)})${blank}`, font: 'Roboto' as const },
      ];
    }),
  );
}

const MIRRORED: Readonly<Record<string, string>> = {
  ...{ '(': ')', ')': '(', '[': ']', ']': '[', '{': '}', '}': '{', '<': '>', '>': '<', '«': '»', '»': '«' },
};

/** Puts the words of scripts that are written from right to left, and the signs and numbers between them, in their order on the
 *  page. The layout goes from left to right, and each font places the letters within a word. */
function fromLeftToRight(runs: readonly Run[]): Run[] {
  const pieces = runs.flatMap(({ text, font }) =>
    RIGHT_TO_LEFT.has(font)
      ? (text.match(/ +|[^ ]+/g) ?? []).map(
          (word): Run => ({ text: word, font: word.startsWith(' ') ? 'Roboto' : font }),
        )
      : [{ text, font }],
  );
  const shown: Run[] = [];
  for (let rest = pieces; rest.length > 0; ) {
    const stop = rest.findIndex((run, n) => n > 0 && !isRightToLeft(run) && /\p{L}/u.test(run.text));
    const stretch = stop < 0 ? rest : rest.slice(0, stop);
    const end = rest[0] && isRightToLeft(rest[0]) ? stretch.findLastIndex(isRightToLeft) + 1 : 1;
    const taken = rest.slice(0, end);
    shown.push(...(end > 1 ? taken.reverse().map(turned) : taken));
    rest = rest.slice(end);
  }
  return shown;
}

const isRightToLeft = ({ font }: Run): boolean => RIGHT_TO_LEFT.has(font);

/** Turns signs between words that are written from right to left. A number keeps the order of its digits. */
function turned(run: Run): Run {
  if (isRightToLeft(run)) return run;
  const signs = run.text.match(/\p{N}+(?:[.,:/-]\p{N}+)*|./gsu) ?? [];
  const text = signs.reverse().map((sign) => MIRRORED[sign] ?? sign);
  return { ...run, text: text.join('') };
}

/** Unpacks a font of the format WOFF, in which the reading of each glyph would unpack all of them. */
function sfntOf(woff: Buffer): Buffer {
  const count = woff.readUInt16BE(12);
  const head = Buffer.alloc(12 + 16 * count);
  woff.copy(head, 0, 4, 8);
  head.writeUInt16BE(count, 4);
  const parts = [head];
  let offset = head.length;
  for (let n = 0; n < count; n++) {
    const entry = 44 + 20 * n;
    const [start = 0, packed = 0, size = 0] = [4, 8, 12].map((more) => woff.readUInt32BE(entry + more));
    const stored = woff.subarray(start, start + packed);
    const table = Buffer.alloc(Math.ceil(size / 4) * 4);
    (packed < size ? inflateSync(stored) : stored).copy(table);
    const at = 12 + 16 * n;
    woff.copy(head, at, entry, entry + 4);
    woff.copy(head, at + 4, entry + 16, entry + 20);
    head.writeUInt32BE(offset, at + 8);
    head.writeUInt32BE(size, at + 12);
    parts.push(table);
    offset += table.length;
  }
  return Buffer.concat(parts);
}
