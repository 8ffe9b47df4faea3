import base from '../../../vitest.config.ts';

export default {
  ...base,
  test: {
    globalSetup: base.test?.globalSetup,
    include: ['tests/slow/chaos/*.chaos.ts', 'tests/modules/commissions/oracle-histories.test.ts'],
    testTimeout: 0,
    hookTimeout: 300_000,
  },
};
