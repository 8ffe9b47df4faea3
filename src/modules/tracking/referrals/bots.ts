import { createIsbotFromList, isbot, list } from 'isbot';

// What isbot takes for a program by its shape alone, one word and a version: apps call themselves that as well.
const SHAPES = /^\^(\[|\\[dw])/;
const namesBot = createIsbotFromList(list.filter((pattern) => !SHAPES.test(pattern)));

/** Whether a browser that came to us by itself is a program. */
export const isBot = (userAgent: string | null): boolean => userAgent !== null && isbot(userAgent);

/** The same of a browser that a server tells of: there, what calls itself `MyApp/1.0` is a visitor's app. */
export const isNamedBot = (userAgent: string | null): boolean => userAgent !== null && namesBot(userAgent);
