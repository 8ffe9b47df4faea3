/** Converts a text to ASCII, letter by letter: a library outside of the domain. */
export type ToAscii = (text: string) => string;

type Letters = Readonly<Record<string, string>>;

// How a language writes Cyrillic letters, where that differs from the library. Serbian has a Latin alphabet of its own, and
// Bulgarian is in the table of the European Payments Council. The hard and the soft sign have a sound in Bulgarian alone.
const SERBIAN: Letters = { ђ: 'd', ж: 'z', ћ: 'c', ц: 'c', ч: 'c', џ: 'dz', ш: 's', х: 'h' };
const MACEDONIAN: Letters = { ѓ: 'gj', ќ: 'kj', ц: 'c', џ: 'dj', х: 'h' };
const BULGARIAN: Letters = { щ: 'sht', ъ: 'a', ь: 'y', х: 'h' };
const OTHERS: Letters = { ъ: '', ь: '' };

function cyrillicOf(text: string): Letters {
  if (/[ѓќѕ]/i.test(text)) return MACEDONIAN;
  if (/[ђћљњџј]/i.test(text)) return SERBIAN;
  return /[^а-я]/i.test(text.replace(/[^\p{Script=Cyrillic}]/gu, '')) || /[ыэ]/i.test(text)
    ? OTHERS
    : BULGARIAN;
}

const SIGNS: Letters = { '&': '+', '@': '(at)', _: '-', ';': ',', '"': "'", '`': "'" };
const SOUNDLESS = /ь(?!о)|ъ(?=[еёюя])/gi;
const OUTSIDE = /[^A-Za-z0-9/\-?:().,'+ ]/g; // outside the Latin character set of the European Payments Council

// Alphabets that are read letter by letter. Other scripts leave out vowels or have several readings.
const ALPHABETS =
  /^[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Georgian}\p{sc=Armenian}\p{sc=Common}\p{sc=Inherited}]$/u;
const SILENT = /^[\p{P}\p{Z}\p{S}\p{Cc}\p{Cf}\p{M}\p{Lm}]$/u;

/** Returns the spelling of a character; null if it has none. */
function spellingOf(character: string, cyrillic: Letters, toAscii: ToAscii): string | null {
  if (character <= '\u007f') return SIGNS[character] ?? character;
  const small = character.toLowerCase();
  const own = cyrillic[small];
  if (own !== undefined) return small === character ? own : own.charAt(0).toUpperCase() + own.slice(1);
  const ascii = toAscii(character);
  const legible = ALPHABETS.test(character) && !/:\w+:/.test(ascii); // `:smile:` is the name of a picture
  if (!legible || (!/[A-Za-z0-9]/.test(ascii) && !SILENT.test(character))) return null;
  return Array.from(ascii, (sign) => SIGNS[sign] ?? sign).join('');
}

function spell(text: string, toAscii: ToAscii): (readonly [character: string, spelling: string | null])[] {
  const composed = text.normalize('NFC').replace(SOUNDLESS, '');
  const cyrillic = cyrillicOf(composed);
  const inCapitals = composed === composed.toUpperCase();
  return Array.from(composed, (character) => {
    const spelling = spellingOf(character, cyrillic, toAscii);
    return [character, inCapitals && character > '\u007f' ? (spelling?.toUpperCase() ?? null) : spelling];
  });
}

/** Returns the first character that cannot be written in Latin letters; null if there is none. */
export const unwritableIn = (text: string, toAscii: ToAscii): string | null =>
  spell(text, toAscii).find(([, spelling]) => spelling === null)?.[0] ?? null;

/** Converts a text to the character set that every bank accepts (the EPC's Latin set). Letters of other alphabets are
 *  transliterated, and signs outside of the set become a space. The result starts with a letter or a digit, so that no
 *  spreadsheet reads a formula, and has no `//`. The result is empty when a character cannot be written: no letter is left out. */
export function bankText(text: string, longest: number, toAscii: ToAscii): string {
  const spelled = spell(text, toAscii).map(([, spelling]) => spelling);
  if (spelled.includes(null)) return '';
  return spelled
    .join('')
    .replace(OUTSIDE, ' ')
    .replace(/\/{2,}/g, '/')
    .replace(/ {2,}/g, ' ')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, longest)
    .replace(/[ /]+$/, '');
}
