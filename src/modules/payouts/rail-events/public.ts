/** What other subjects and areas may import. */
export { receive } from './receive-rail-event.ts';
