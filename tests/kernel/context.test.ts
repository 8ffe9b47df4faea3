import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actorOf } from '../../src/kernel/actor.ts';
import { contextFor } from '../../src/kernel/context.ts';
import { Partner } from '../../src/modules/partners/partner.entity.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makePartner, staffOf } from '../support/make.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

test('who turns out to be less than at the beginning has the rows of what it is now', async () => {
  for (const tenant of ['acme', 'elsewhere']) await makePartner(app, (await staffOf(app, tenant)).manager);
  const as = (role: 'PLATFORM_ADMIN' | 'FINANCE') =>
    actorOf({ id: 'x', role, tenantId: 'acme', credential: 'OIDC' });
  const ctx = contextFor(app.app.services, { actor: as('PLATFORM_ADMIN'), requestId: randomUUID() });
  const tenants = async () => (await ctx.em.find(Partner, {})).map(({ tenantId }) => tenantId).sort();
  expect(await tenants()).toEqual(['acme', 'elsewhere']);
  expect(ctx.em).toBe(ctx.em);
  Object.assign(ctx, { actor: as('FINANCE') });
  expect(await tenants()).toEqual(['acme']);
});
