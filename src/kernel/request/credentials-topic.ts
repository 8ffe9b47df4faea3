/** Published after the commit of a changed key or membership, so that all processes drop remembered credentials. */
export const CREDENTIALS = 'credentials';
