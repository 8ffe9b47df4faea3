/** What other subjects and areas may import. */
export { settleManagers, takeTurns } from './assign-managers.ts';
