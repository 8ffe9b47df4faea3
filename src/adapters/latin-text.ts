import anyAscii from 'any-ascii';
import { bankText, unwritableIn } from '../domain/bank-text.ts';

/** A text in the Latin letters that every bank accepts; empty when a character cannot be written. */
export const latinText = (text: string, longest: number): string => bankText(text, longest, anyAscii);

/** The first character that cannot be written in Latin letters; null if there is none. */
export const unwritable = (text: string): string | null => unwritableIn(text, anyAscii);
