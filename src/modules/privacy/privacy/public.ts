/** The exports for other subjects and areas. */
export { erasureLog, replayErasure } from './erase-person.ts';
