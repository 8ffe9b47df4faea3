import { mergeConfig } from 'vitest/config';
import base from '../../../vitest.config.ts';

export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  { test: { include: ['tests/slow/chaos/*.chaos.ts'], testTimeout: 0, hookTimeout: 300_000 } },
);
