/** The exports for other subjects and areas. */
export { blindIndexOf, openAll, type Sealer, shredDataKeys, transactSealing } from './data-keys.ts';
export { type Progress, rotateKeys } from './rotate-keys.ts';
