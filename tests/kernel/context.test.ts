import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { actorOf } from '../../src/kernel/request/actor.ts';
import { contextFor } from '../../src/kernel/request/context.ts';
import { Partner } from '../../src/modules/partners/partner/partner.entity.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { makePartner, staffOf } from '../support/make.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

test('a caller that loses a role reads only the rows of its new role', async () => {
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

test('a copied context follows its own caller', async () => {
  const as = (role: 'PLATFORM_ADMIN' | 'FINANCE') =>
    actorOf({ id: 'x', role, tenantId: 'acme', credential: 'OIDC' });
  const ctx = contextFor(app.app.services, { actor: as('PLATFORM_ADMIN'), requestId: randomUUID() });
  const copy = Object.assign(Object.create(Object.getPrototypeOf(ctx)), ctx) as typeof ctx;
  Object.assign(copy, { actor: as('FINANCE') });
  expect(new Set((await copy.em.find(Partner, {})).map(({ tenantId }) => tenantId))).toEqual(
    new Set(['acme']),
  );
  expect((await ctx.em.find(Partner, {})).length).toBeGreaterThan(1);
  expect(copy.pool).toBe(ctx.pool);
});
