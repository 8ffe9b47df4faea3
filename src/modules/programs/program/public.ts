/** What other subjects and areas may import. */
export { ensureProgram, programOf } from './load-program.ts';
export { Program } from './program.entity.ts';
export { TierConfig, tierConfigTable } from './tier-config.entity.ts';
export { TierConfigVersion } from './tier-config-version.entity.ts';
