/** What other subjects and areas may import. */
export { blindIndexOf, openAll, type Sealer, shredDataKeys, transactSealing } from './data-keys.ts';
export { type Progress, rotateKeys } from './rotate-keys.ts';
