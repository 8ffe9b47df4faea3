import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** `npm run chaos -- --seeds N`: long campaigns; each seed is repeatable. */
const { values } = parseArgs({ options: { seeds: { type: 'string', default: '10' } } });
const { status } = spawnSync('npx', ['vitest', 'run', '--config', 'tests/slow/chaos/vitest.config.ts'], {
  stdio: 'inherit',
  env: { ...process.env, CHAOS_SEEDS: values.seeds },
});
process.exitCode = status ?? 1;
