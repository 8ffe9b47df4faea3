/** True for text that PostgreSQL can store: without NUL characters and halves of surrogate pairs. */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** The text with such characters as a program would write them: `\u0000`. */
export const escapeUnstorable = (text: string): string =>
  text.replace(/[\0\p{Cs}]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The object with its own texts escaped in that way. */
export const withStorableTexts = <T extends object>(value: T): T =>
  Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      typeof each === 'string' ? escapeUnstorable(each) : each,
    ]),
  ) as T;
