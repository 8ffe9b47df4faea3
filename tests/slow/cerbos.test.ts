import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cerbos } from '../../src/adapters/cerbos/cerbos.ts';
import { type EmbeddedCerbos, startEmbeddedCerbos } from '../../src/adapters/cerbos/embedded-cerbos.ts';
import type { PolicyDecision, Principal, Question } from '../../src/ports/policy-decision.ts';
import { hang, nonsense, POLICIES, pidOf } from '../support/pdp.ts';
import { until } from '../support/until.ts';

const maria: Principal = { id: 'maria', role: 'FINANCE', attributes: { tenantId: 'acme', scopes: null } };
const payout = (id: string, createdBy: string | null): Question => ({
  kind: 'payout',
  id,
  attributes: { tenantId: 'acme', partnerId: 'p1', createdBy },
  actions: ['read', 'approve'],
});
const refused = { code: 'SERVICE_UNAVAILABLE' };

test('every policy holds what its tests say', async () => {
  const { stdout } = await promisify(execFile)('cerbos', ['compile', POLICIES], {
    env: { ...process.env, PATH: `node_modules/.bin:${process.env['PATH']}` },
  });
  expect(stdout).toMatch(/\d{3,} tests executed \[\d+ OK\]/);
});

describe('the embedded policy service', () => {
  let folder: string;
  let pdp: EmbeddedCerbos;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'a folder with spaces '));
    await cp(POLICIES, folder, { recursive: true });
    pdp = await startEmbeddedCerbos(folder, { deadlineMs: 500 });
  });
  afterAll(async () => {
    await pdp.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('returns for each question the allowed actions, with the reason of a refusal', async () => {
    const [own, anothers] = await pdp.check(maria, [payout('1', 'maria'), payout('2', 'tom')]);
    expect(own).toEqual({
      allowed: new Set(['read']),
      reason: 'You created this payout, so another person must approve it.',
    });
    expect(anothers).toEqual({ allowed: new Set(['read', 'approve']), reason: null });
  });

  test('returns simultaneous decisions in order', async () => {
    const asked = Array.from({ length: 120 }, (_, i) => payout(`same`, i % 3 ? 'tom' : 'maria'));
    const verdicts = await pdp.check(maria, asked);
    expect(verdicts.map(({ allowed }) => allowed.has('approve'))).toEqual(asked.map((_, i) => i % 3 > 0));
  });

  test('plans the readable rows before any row is loaded', async () => {
    expect(await pdp.plan(maria, 'payout', 'read')).toEqual({
      kind: 'CONDITIONAL',
      condition: {
        operator: 'eq',
        operands: [{ variable: 'request.resource.attr.tenantId' }, { value: 'acme' }],
      },
    });
    expect(await pdp.plan({ ...maria, role: 'PLATFORM_ADMIN' }, 'payout', 'read')).toEqual({
      kind: 'ALWAYS_ALLOWED',
    });
    expect(await pdp.plan({ ...maria, role: 'GUEST' }, 'payout', 'read')).toEqual({ kind: 'ALWAYS_DENIED' });
    expect(await pdp.plan(maria, 'nothing of ours', 'read')).toEqual({ kind: 'ALWAYS_DENIED' });
  });

  test('refuses within its deadline while it hangs, and decides again afterwards', async () => {
    await hang(pidOf(pdp.url));
    const started = performance.now();
    await expect(pdp.check(maria, [payout('1', 'tom')])).rejects.toMatchObject(refused);
    await expect(pdp.plan(maria, 'payout', 'read')).rejects.toMatchObject(refused);
    expect(performance.now() - started).toBeLessThan(4 * 500 + 1_000);
    process.kill(pidOf(pdp.url), 'SIGCONT');
    await until(() =>
      pdp.probe().then(
        () => true,
        () => false,
      ),
    );
  });

  test('refuses after it was killed, and restarts automatically', async () => {
    const pid = pidOf(pdp.url);
    process.kill(pid, 'SIGKILL');
    await until(async () => !alive(pid));
    await expect(pdp.check(maria, [payout('1', 'tom')])).rejects.toMatchObject(refused);
    await until(() =>
      pdp.probe().then(
        () => true,
        () => false,
      ),
    );
    const [verdict] = await pdp.check(maria, [payout('1', 'tom')]);
    expect(verdict?.allowed.has('approve')).toBe(true);
  });

  test('ends with its process, even when that was killed', async () => {
    const child = spawn(
      process.execPath,
      ['--import', '@oxc-node/core/register', 'tests/support/dying-pdp-owner.ts', POLICIES],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [said] = await once(child.stdout, 'data');
    const pid = Number(said);
    expect(alive(pid)).toBe(true);
    child.kill('SIGKILL');
    await until(async () => !alive(pid));
  });
});

test('a policy service with broken policies does not start, and names the fault', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-policies-'));
  await cp(join(POLICIES, 'payout.yaml'), join(folder, 'payout.yaml')); // without the roles that it imports
  await expect(startEmbeddedCerbos(folder, { deadlineMs: 500 })).rejects.toThrow(/does not start: .*portal/s);
  await rm(folder, { recursive: true });
});

describe('an address without a policy service allows nothing:', () => {
  const ask = async (pdp: PolicyDecision) => {
    const started = performance.now();
    await expect(pdp.check(maria, [payout('1', 'tom')])).rejects.toMatchObject(refused);
    await expect(pdp.plan(maria, 'payout', 'read')).rejects.toMatchObject(refused);
    await expect(pdp.probe()).rejects.toMatchObject(refused);
    expect(performance.now() - started).toBeLessThan(3 * 2 * 200 + 1_000);
    await pdp.close();
  };

  test('a server with invalid answers', async () => {
    const { url, close } = await nonsense();
    await ask(cerbos(url, { deadlineMs: 200 }));
    await close();
  });

  test('a port that is closed', () => ask(cerbos('grpc://127.0.0.1:1', { deadlineMs: 200 })));
  test('a server with an invalid certificate', async () => {
    const { url, close } = await nonsense();
    await ask(cerbos(url.replace('grpc:', 'grpcs:'), { deadlineMs: 200 }));
    await close();
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
