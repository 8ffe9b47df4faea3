import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { newPartner } from '../../support/earn.ts';
import { CREATE_COMMISSION, REVERSE, staffOf } from '../../support/make.ts';
import { type OracleHistory, type OracleVersion, oracleHistories } from '../../support/oracle-periods.ts';

const inOrder = ({ orders }: OracleHistory) =>
  orders.toSorted((a, b) => +new Date(a.at) - +new Date(b.at) || a.seq - b.seq);

/** The first order of each stretch that was sold under one version: an edit of the rule starts with it. */
const editsOf = (history: OracleHistory) =>
  inOrder(history).filter((order, index, all) => order.version !== all[index - 1]?.version);

/** In the graph an edit starts at a time, so sales of one time have one version. And each edit is a version of its own: a version
 *  to which a later edit returns is the same one unless it is RETROACTIVE, which rounds the sum of its own sales. */
function isPossible(history: OracleHistory): boolean {
  const edits = editsOf(history).map(({ version }) => version);
  const returned = edits.filter((version, index) => edits.indexOf(version) !== index);
  return (
    inOrder(history).every(
      ({ at, version }, index, all) => all[index - 1]?.at !== at || all[index - 1]?.version === version,
    ) && returned.every((version) => history.versions[version]?.bandMode !== 'RETROACTIVE')
  );
}

/** What a history is about. */
function featuresOf({ versions, orders, states }: OracleHistory): Set<string> {
  const first = orders.toSorted((a, b) => a.seq - b.seq);
  return new Set([
    ...Object.values(versions).flatMap((version) =>
      Object.entries(version).map(([field, value]) =>
        field === 'cap'
          ? `a cap per ${version.cap?.per}`
          : typeof value === 'string'
            ? `${field} ${value}`
            : field,
      ),
    ),
    ...(Object.keys(versions).length > 1 ? ['an edit'] : []),
    ...(new Set(orders.map(({ customer }) => customer)).size > 1 ? ['more than one customer'] : []),
    ...(first.some(({ at }, index) => at < (first[index - 1]?.at ?? '')) ? ['a sale that comes late'] : []),
    ...(new Set(orders.map(({ at }) => at)).size < orders.length ? ['sales at the same time'] : []),
    ...states.map(({ what }) => what.replace(/order \d+/, 'an order')),
  ]);
}

/** Takes the history with the most pairs of features that are new, again and again. */
function chosenOf(all: readonly OracleHistory[], count: number): OracleHistory[] {
  const rest = new Map(
    all.map((history) => {
      const features = [...featuresOf(history)];
      return [history, features.flatMap((one) => features.map((other) => `${one}, ${other}`))];
    }),
  );
  const covered = new Set<string>();
  return Array.from({ length: Math.min(count, all.length) }, () => {
    const news = [...rest].map(([history, pairs]) => ({
      history,
      pairs,
      count: pairs.filter((pair) => !covered.has(pair)).length,
    }));
    const best = news.reduce((most, each) => (each.count > most.count ? each : most));
    for (const pair of best.pairs) covered.add(pair);
    rest.delete(best.history);
    return best.history;
  });
}

// `npm run chaos` replays all of them.
const possible = oracleHistories().filter(isPossible);
const histories = process.env['CHAOS_SEEDS'] ? possible : chosenOf(possible, 24);
const featuresIn = (list: readonly OracleHistory[]) => new Set(list.flatMap((each) => [...featuresOf(each)]));

// The amounts are minor units, so a history holds in any currency.
const CURRENCIES = { USD: 2, EUR: 2, JPY: 0, KWD: 3 };
const LEAD_MS = 60_000;

const SELL = 'mutation ($input: RecordSaleInput!) { recordSale(input: $input) { total { amount } } }';
const REFUND = 'mutation ($input: RefundSaleInput!) { refundSale(input: $input) { waiting } }';
const RULE = 'mutation ($input: CreateCommissionRuleInput!) { createCommissionRule(input: $input) { id } }';
const EDIT =
  'mutation ($id: ID!, $input: CommissionRuleInput!) { updateCommissionRule(id: $id, input: $input) { id } }';
const LINES = `query ($id: ID!) { partner(id: $id) {
  balances { currency pending { amount } payable { amount } }
  commissions(first: 100) { totalCount edges { node { id status amount { amount currency } orderId adjusts { id } reverses { id } } } } } }`;

interface Line {
  readonly id: string;
  readonly status: string;
  readonly amount: { readonly amount: string; readonly currency: string };
  readonly orderId: string | null;
  readonly adjusts: { readonly id: string } | null;
  readonly reverses: { readonly id: string } | null;
}

let app: TestApp;
let now = Date.parse('2026-09-20T10:00:00Z');
beforeAll(async () => {
  if (histories.length > 0) app = await createTestApp({ clock: { now: () => new Date(now) } });
});
afterAll(() => app?.close());

/** Opens a program of its own for a history, with the partner, the rule and its edits. */
async function open(history: OracleHistory, index: number) {
  const { id, versions, orders } = history;
  const [currency, digits] = Object.entries(CURRENCIES)[index % 4] as [string, number];
  const text = (minor: number): string => {
    const figures = String(minor).padStart(digits + 1, '0');
    return digits === 0 ? figures : `${figures.slice(0, -digits)}.${figures.slice(-digits)}`;
  };
  const inputOf = ({ method, bps, bands, bandMode, cap, stepDownBps, ...of }: OracleVersion) => ({
    ...{ name: 'the rule', currency, method, firstPurchaseOnly: of.firstPurchaseOnly },
    ...{ recurringCount: of.recurringCount, bandMode },
    rate: bps === undefined ? undefined : bps / 100,
    perUnit: of.perUnit === undefined ? undefined : text(of.perUnit),
    bandPeriod: bands && 'MONTH',
    bands: bands?.map(([from, rate]) => ({ from: text(from), rate: rate / 100 })),
    stepDownRate: stepDownBps === undefined ? undefined : stepDownBps / 100,
    minimumPurchase: of.minimum === undefined ? undefined : text(of.minimum),
    cap: cap && { amount: text(cap.amount), per: cap.per, period: 'MONTH' },
  });
  const staff = await staffOf(app, `oracle-${id}`);
  const partner = await newPartner(app, staff.manager, { commissionRate: null });
  await app.ask(staff.admin, TIER, { input: { tier: 'BRONZE', commissionRate: 0 } });
  let rule = '';
  for (const { version, at } of editsOf(history)) {
    const input = inputOf(versions[version] as OracleVersion);
    const effectiveAt = new Date(+new Date(at) - (rule ? 0 : LEAD_MS)).toISOString();
    if (rule) await app.ask(staff.manager, EDIT, { id: rule, input: { ...input, effectiveAt } });
    else {
      const given = { ...input, effectiveAt, partnerId: partner.id };
      rule = (await app.ask(staff.manager, RULE, { input: given })).createCommissionRule.id;
    }
  }
  // Without limits each order earns when it is recorded, so it can be created by hand as well.
  const byHand =
    index % 2 === 0 &&
    Object.values(versions).every(
      (each) => !each.cap && !each.firstPurchaseOnly && !each.recurringCount && !each.minimum,
    );
  return { history, staff, partner, currency, digits, text, byHand, orders };
}
const TIER = 'mutation ($input: UpdateTierConfigInput!) { updateTierConfig(input: $input) { tier } }';

async function replay(
  { history, staff, partner, currency, digits, text, byHand }: Awaited<ReturnType<typeof open>>,
  index: number,
) {
  const lineOf = new Map<string, string>();
  const worth = async () => {
    const { balances, commissions } = (await app.ask(staff.tom, LINES, { id: partner.id })).partner;
    const lines: Line[] = commissions.edges.map(({ node }: { node: Line }) => node);
    expect(lines.length).toBe(commissions.totalCount);
    const byId = new Map(lines.map((line) => [line.id, line]));
    const orderOf = new Map([...lineOf].map(([order, id]) => [id, order]));
    const rootOf = (line: Line): Line => {
      const of = line.reverses ?? line.adjusts;
      return of ? rootOf(byId.get(of.id) as Line) : line;
    };
    const owed = Object.fromEntries(history.orders.map(({ id }) => [id, 0]));
    const minor = (amount: string) => Math.round(Number(amount) * 10 ** digits);
    for (const line of lines) {
      expect(line.amount.currency).toBe(currency);
      const root = rootOf(line);
      const order = root.orderId ?? orderOf.get(root.id) ?? '';
      if (line.status !== 'REJECTED' && line.status !== 'REVERSED')
        owed[order] = (owed[order] ?? 0) + minor(line.amount.amount);
    }
    const total = balances
      .filter((each: { currency: string }) => each.currency === currency)
      .reduce(
        (sum: number, { pending, payable }: Record<'pending' | 'payable', { amount: string }>) =>
          sum + minor(pending.amount) + minor(payable.amount),
        0,
      );
    return { owed, total };
  };
  for (const { id, customer, at, base } of history.orders.toSorted((a, b) => a.seq - b.seq)) {
    const sale = { partnerId: partner.id, customerId: `${history.id} ${customer}`, occurredAt: at, currency };
    if (byHand) {
      const input = { ...sale, type: 'ONE_TIME', amount: text(base) };
      lineOf.set(id, (await app.ask(staff.manager, CREATE_COMMISSION, { input })).createCommission.id);
    } else
      await app.ask(staff.manager, SELL, {
        input: { ...sale, orderId: id, lines: [{ product: 'p', amount: text(base) }] },
      });
  }
  let before: Record<string, number> = {};
  for (const [position, { what, refunded, owed, total }] of history.states.entries()) {
    for (const [orderId, minor] of Object.entries(refunded)) {
      const more = minor - (before[orderId] ?? 0);
      if (more === 0) continue;
      const line = lineOf.get(orderId);
      const amount = text(more);
      now += 1_000; // a sum of refunds includes each single one up to its time
      // Refunds are reported by their own amount, or by the sum of all of them.
      const how = (index + position) % 2 ? { amount } : { amountRefundedSoFar: text(minor) };
      if (line) await app.ask(staff.maria, REVERSE, { id: line, input: { amount } });
      else await app.ask(staff.maria, REFUND, { input: { orderId, reason: 'returned', currency, ...how } });
    }
    before = refunded;
    const found = await worth();
    if (!isDeepStrictEqual(found, { owed, total }))
      throw new Error(`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify({ owed, total })}`);
  }
}

describe.skipIf(histories.length === 0)('histories of one rule, through the graph', () => {
  test('the histories have every feature of the file', () => {
    const features = featuresIn(histories);
    process.stdout.write(`${histories.length} histories with ${[...features].join('; ')}\n`);
    expect(features).toEqual(featuresIn(possible));
    expect(histories.length).toBeGreaterThanOrEqual(20);
  });

  test('each order is worth what the oracle says, after every refund', async () => {
    const opened = await Promise.all(histories.map(open));
    now = Date.parse('2026-11-20T10:00:00Z');
    const failed: string[] = [];
    let next = 0;
    const work = async () => {
      while (next < opened.length) {
        const index = next++;
        const each = opened[index] as (typeof opened)[number];
        await replay(each, index).catch((error: Error) =>
          failed.push(`${each.history.id}: ${error.message}`),
        );
      }
    };
    await Promise.all(Array.from({ length: 4 }, work));
    process.stdout.write(`${opened.length} histories through the graph\n`);
    expect(failed.slice(0, 5).join('\n\n'), `${failed.length} of ${opened.length} histories`).toBe('');
  });
});
