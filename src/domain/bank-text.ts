// Letters that Unicode does not decompose.
const LETTERS: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', ẞ: 'SS', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'o', Ø: 'O', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D' },
  ...{ ð: 'd', Ð: 'D', þ: 'th', Þ: 'TH', ħ: 'h', Ħ: 'H', ı: 'i', ŋ: 'n', Ŋ: 'N', '&': '+', '@': '(at)' },
  ...{
    '’': "'",
    '‘': "'",
    '`': "'",
    '´': "'",
    '–': '-',
    '—': '-',
    _: '-',
    ';': ',',
    '"': "'",
    '“': "'",
    '”': "'",
  },
  ...{
    α: 'a',
    β: 'v',
    γ: 'g',
    δ: 'd',
    ε: 'e',
    ζ: 'z',
    η: 'i',
    θ: 'th',
    ι: 'i',
    κ: 'k',
    λ: 'l',
    μ: 'm',
    ν: 'n',
  },
  ...{ ξ: 'x', ο: 'o', π: 'p', ρ: 'r', σ: 's', ς: 's', τ: 't', υ: 'y', φ: 'f', χ: 'ch', ψ: 'ps', ω: 'o' },
  ...{
    а: 'a',
    б: 'b',
    в: 'v',
    г: 'g',
    д: 'd',
    е: 'e',
    ж: 'zh',
    з: 'z',
    и: 'i',

    к: 'k',
    л: 'l',
    м: 'm',
  },
  ...{ н: 'n', о: 'o', п: 'p', р: 'r', с: 's', т: 't', у: 'u', ф: 'f', х: 'h', ц: 'ts', ч: 'ch', ш: 'sh' },
  ...{ щ: 'sht', ъ: 'a', ы: 'y', ь: 'y', э: 'e', ю: 'yu', я: 'ya' },
};
const OUTSIDE = /[^A-Za-z0-9/\-?:().,'+ ]/g; // outside the Latin character set of the European Payments Council

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function letterOf(character: string): string {
  const known = LETTERS[character];
  if (known !== undefined) return known;
  const small = LETTERS[character.toLowerCase()];
  return small === undefined ? character : capital(small);
}

/** Converts a text to the character set that every bank accepts (the EPC's Latin set). Accents are removed, Greek and
 *  Cyrillic letters are transliterated, and other characters become a space. The result starts with a letter or a digit, so
 *  that no spreadsheet reads a formula, and has no `//`. The result is empty when no character can be converted. */
export function bankText(text: string, longest: number): string {
  return Array.from(text.normalize('NFKD').replace(/\p{M}/gu, ''), letterOf)
    .join('')
    .replace(OUTSIDE, ' ')
    .replace(/\/{2,}/g, '/')
    .replace(/ {2,}/g, ' ')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, longest)
    .replace(/[ /]+$/, '');
}
