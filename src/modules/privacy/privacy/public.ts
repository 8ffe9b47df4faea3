/** What other subjects and areas may import. */
export { erasureLog, replayErasure } from './erase-person.ts';
