/** A character that a person can see. Some symbols and letters have no glyph: fillers, blank Braille, blank hieroglyphs. */
const VISIBLE =
  /[[\p{L}\p{N}\p{P}\p{S}]--[\p{Default_Ignorable_Code_Point}\u2800\u{13441}\u{13442}\u{1d159}]]/v;

/** Control characters, and characters without width or glyph, by which two equal texts could differ. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Spaces of any script and line ends. Unlike `trim` it leaves U+FEFF, which has no width. */
const AROUND = /^[\t-\r\p{Zs}]+|[\t-\r\p{Zs}]+$/gu;

export const isBlank = (text: string): boolean => !VISIBLE.test(text);

export const hasHidden = (text: string): boolean => HIDDEN.test(text);

/** Returns the text in one Unicode form, without spaces around it. */
export const trimmed = (text: string): string => text.normalize('NFC').replace(AROUND, '');
