import { createIsbotFromList, isbot, list } from 'isbot';

// isbot takes one word with a version for a bot, but apps name themselves like that too.
const SHAPES = /^\^(\[|\\[dw])/;
const namesBot = createIsbotFromList(list.filter((pattern) => !SHAPES.test(pattern)));

/** True if the user agent of a direct visitor is a bot. */
export const isBot = (userAgent: string | null): boolean => userAgent !== null && isbot(userAgent);

/** The same for a user agent that a server reports: there, a name such as `MyApp/1.0` is the app of a visitor. */
export const isNamedBot = (userAgent: string | null): boolean => userAgent !== null && namesBot(userAgent);
