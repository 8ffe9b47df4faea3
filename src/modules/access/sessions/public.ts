/** What other subjects and areas may import. */
export type { Organisation } from './sessions.ts';
