/** Published after the commit when a key or a membership changed: what was remembered of credentials is forgotten. */
export const CREDENTIALS = 'credentials';
