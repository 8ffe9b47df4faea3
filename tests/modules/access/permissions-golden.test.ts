import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Actor } from '../../../src/kernel/request/actor.ts';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { makeWorld, operations, people, reads, type World } from '../../support/operations.ts';
import { listen } from '../../support/sockets.ts';
import { until } from '../../support/until.ts';

/** People of the partner itself beside its owner, and a program of it: whatever door they came in by. */
const insiders: Record<string, Partial<Actor>> = {
  'its manager': { member: 'MANAGER' },
  'its finance': { member: 'FINANCE' },
  'its reader': { member: 'READ_ONLY' },
  'its reading key': { credential: 'API_KEY', scopes: ['program:read'] },
};

let app: TestApp;
let world: World;
let port: number;
const actors = new Map<string, Partial<Actor>>();

async function tokenOf(name: string): Promise<string> {
  const token = await app.token('PARTNER', { partner: world.partner.id, user: name });
  actors.set(`Bearer ${token}`, insiders[name] ?? {});
  return token;
}

beforeAll(async () => {
  app = await createTestApp();
  world = await makeWorld(app);
  port = await app.app.listen();
  const { actorOf, actorNow } = app.app.authenticator;
  const as = (ask: typeof actorOf) => async (authorization: string | undefined) => ({
    ...(await ask(authorization)),
    ...actors.get(authorization ?? ''),
  });
  Object.assign(app.app.authenticator, { actorOf: as(actorOf), actorNow: as(actorNow) });
});
afterAll(() => app.close());

const words: Record<string, string> = { FORBIDDEN: '-', NOT_FOUND: 'hidden', UNAUTHENTICATED: 'who?' };

async function subscribing(token: string): Promise<string> {
  const heard = listen(
    port,
    token,
    'subscription ($id: ID!) { partnerMetricsUpdated(partnerId: $id) { clicks } }',
    { id: world.partner.id },
  );
  const [refused] = await until(
    async () => (heard.errors.length > 0 && heard.errors) || (app.listeners(world.partner.id) > 0 && [null]),
  );
  await heard.client.dispose();
  await until(async () => app.listeners(world.partner.id) === 0);
  return (refused as { extensions: { code: string } } | null)?.extensions.code ?? 'ok';
}

/** A table that people review: a change of who may do what is a changed line here. `vitest -u` writes it. The answers of
 *  others than insiders are those that access.test.ts executes every operation for. */
test('the permissions match the reviewed table', { tags: ['slow'], timeout: 90_000 }, async () => {
  const tokens: Record<string, string> = {};
  for (const name of Object.keys(insiders)) tokens[name] = await tokenOf(name);
  const header = ['operation', ...people, ...Object.keys(insiders)];
  const lines: string[][] = [];
  for (const [name, { document, variables, subject, spends, answers }] of Object.entries(operations)) {
    const codes: string[] = [];
    let row: string | null = null; // a row that the operation was refused on may be tried by the next one
    for (const [insider, token] of Object.entries(tokens)) {
      row ??= (await subject?.(world)) ?? '';
      const { errors } = await app.send(spends ? await tokenOf(insider) : token, document, variables?.(row));
      codes.push(errors?.[0]?.extensions.code ?? 'ok');
      if (!errors) row = null;
    }
    lines.push([name, ...answers, ...codes]);
  }
  const heard: string[] = [];
  for (const token of Object.values(tokens)) heard.push(await subscribing(token));
  lines.push(['partnerMetricsUpdated', ...reads, ...heard]);
  const table = lines
    .toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .map((cells) => cells.map((cell) => words[cell] ?? cell));
  const markdown = [header, header.map(() => '---'), ...table].map((cells) => `| ${cells.join(' | ')} |\n`);
  await expect(
    `# Who may do what\n
Asked about rows of one partner. \`partner\` is its owner, \`its ...\` are others of its people and a key of it; \`elsewhere\`
is another tenant. \`-\` is FORBIDDEN, \`hidden\` NOT_FOUND (exactly as an unknown id), \`who?\` UNAUTHENTICATED.\n
${markdown.join('')}`,
  ).toMatchFileSnapshot('permissions.golden.md');
});
