import type { TestApp } from '../../support/app.ts';
import { APPROVE } from '../../support/earn.ts';
import { SET_PAYOUT_ACCOUNT, type staffOf } from '../../support/make.ts';
import { pendingPayouts } from '../../support/many-payouts.ts';
import { inLanes } from '../../support/rail-driver.ts';
import { type Fault, type Movement, seeded, seededFaults } from '../../support/rail-faults.ts';
import { asTheyArrive } from '../../support/rail-server.ts';
import { until } from '../../support/until.ts';
import { AFTER, BEFORE, type Toll } from './campaign.ts';
import type { Vendor } from './rails.ts';

const START = 'mutation ($input: StartReconciliationInput!) { startReconciliation(input: $input) { id } }';
const READ = `query ($id: ID!) { reconciliation(id: $id) { state matched missingHere missingThere differentAmounts differentStatuses } }`;

const CONFIRM = 'mutation ($id: ID!) { confirmPayoutAccount(id: $id) { id } }';

const KINDS: readonly Fault[] = [
  ...AFTER,
  ...BEFORE.filter((kind) => kind !== '429' && kind !== 'slow'),
  'slow',
];

export interface VendorToll extends Toll {
  /** Messages of the vendor: delivered, of which some twice and in any order; never delivered. */
  readonly delivered: number;
  readonly dropped: number;
  readonly returned: number;
  /** Of a reconciliation at the end. */
  readonly differences: number;
}

/** What was not so in time shows in the toll; all else is a fault of the campaign. */
function late(error: Error): void {
  if (!error.message.startsWith('not so within')) throw error;
}

interface Run {
  readonly app: TestApp;
  readonly who: Awaited<ReturnType<typeof staffOf>>;
  readonly vendor: Vendor;
  readonly seed: number;
  readonly payouts: number;
  readonly seconds: number;
}

/** The whole way of payouts over a real adapter: an account that the partner sets, approval, sending through faults, messages
 *  that come twice, in any order or never, money that comes back, reconciliation. Holds the vendor's ledger against the database. */
export async function vendorCampaign({ app, who, vendor, seed, payouts, seconds }: Run): Promise<VendorToll> {
  const { method, currency, simulator, rail } = vendor;
  const random = seeded(seed);
  const { partnerId, ids } = await pendingPayouts(app, who, payouts, { method, currency });
  const owner = await app.token('PARTNER', { partner: partnerId, signedInAt: new Date() });
  const { setPayoutAccount } = await app.ask(owner, SET_PAYOUT_ACCOUNT, {
    input: { partnerId, method, currency, holderName: 'Nancy Northwind', ...vendor.account },
  });
  await app.database.pool.query(
    `with usable as (update payout_accounts set usable_from = now() - interval '1 hour' where id = $1)
     update payouts set payout_account_id = $1 where id = any($2)`,
    [setPayoutAccount.id, ids],
  );
  let injected = 0;
  const faultOf = seededFaults(seed, 0.3, KINDS);
  simulator.fault = () => {
    const fault = faultOf();
    if (fault !== 'none') injected++;
    return fault;
  };

  let [delivered, dropped, round] = [0, 0, 0];
  const deliver = async () => {
    const news = vendor.news();
    const arriving = asTheyArrive(news, seed + round++, { drop: 0.2, twice: 0.3 });
    dropped += news.length - new Set(arriving).size;
    delivered += arriving.length;
    await inLanes(arriving, 4, async ({ headers, body }) => {
      const { statusCode } = await app.app.server.inject({
        ...{ method: 'POST', url: `/webhooks/${rail.name}`, payload: body },
        headers: { 'content-type': 'application/json', ...headers },
      });
      if (statusCode !== 200) throw new Error(`${rail.name}: a webhook is answered ${statusCode}`);
    });
  };
  const attempts = async () =>
    (
      await app.database.pool.query<{ key: string; status: string; payout: string; truth: string }>(
        `select a.key, a.status, o.status as payout,
           a.key || ' ' || coalesce(a.provider_reference, '') || ' ' || o.amount_minor || ' ' || o.amount_currency as truth
         from payouts o join payout_attempts a on a.payout_id = o.id where o.id = any($1)`,
        [ids],
      )
    ).rows;
  const open = async () =>
    (
      await app.database.pool.query<{ n: number }>(
        `select count(*)::int as n from payouts where id = any($1) and status in ('PENDING', 'APPROVED', 'PROCESSING')`,
        [ids],
      )
    ).rows[0]?.n ?? 0;

  const finished = new Set<Movement>(simulator.ledger()); // of campaigns before this one
  const step = async () => {
    for (const movement of simulator.ledger())
      if (!finished.has(movement) && random() < 0.5) {
        finished.add(movement);
        vendor.finish(movement, random());
      }
    await deliver();
    // Nothing of theirs is under way that long, so a vendor's settling time may pass.
    await app.database.pool.query(
      `update payout_attempts set created_at = created_at - interval '10 minutes' where payout_id = any($1) and status = 'UNKNOWN'
         and lease_until is null and created_at between now() - interval '10 minutes' and now() - interval '5 seconds'`,
      [ids],
    );
    // An account that money came back from takes nothing until its partner has looked at it.
    const { rowCount } = await app.database.pool.query(
      'select 1 from payout_accounts where id = $1 and check_asked_at is not null',
      [setPayoutAccount.id],
    );
    if (rowCount) await app.ask(owner, CONFIRM, { id: setPayoutAccount.id });
    // What a rail refuses for a while is waited for, minutes and hours; nobody waits here.
    await app.database.pool.query(
      `update graphile_worker._private_jobs set run_at = now()
       where key = any($1) and locked_at is null and run_at > now() + interval '10 seconds'`,
      [ids.map((id) => `send_payout:${id}`)],
    );
  };
  await inLanes(ids, 4, (id) => app.ask(who.tom, APPROVE, { id }));
  await until(async () => {
    await step();
    return (await open()) === 0;
  }, seconds).catch(late); // the toll says what is open
  simulator.fault = () => 'none';

  // Some of it comes back, and of that too some is never told: the comparison of the books finds it.
  const standing = () => simulator.ledger().filter(({ returned }) => !returned);
  const keys = new Set((await attempts()).map(({ key }) => key));
  const back = standing().filter(({ key }) => keys.has(key) && random() < 0.2);
  for (const movement of back) vendor.giveBack(movement);
  await deliver();
  const day = 86_400_000;
  const compare = async () => {
    const input = { method, from: new Date(Date.now() - day), to: new Date(Date.now() + day) };
    const { startReconciliation } = await app.ask(who.tom, START, { input });
    return until(async () => {
      const { reconciliation } = await app.ask(who.tom, READ, { id: startReconciliation.id });
      return reconciliation.state === 'DONE' && reconciliation;
    }, 60);
  };
  await compare();
  // What is paid here and what stands there; a comparison finds what no message told, and its payout is looked up.
  const mismatches = async () => {
    const paid = (await attempts()).filter(
      ({ status, payout }) => status === 'CONFIRMED' && payout === 'PAID',
    );
    const here = new Set(paid.map(({ truth }) => truth));
    const there = new Set(
      standing()
        .filter(({ key }) => keys.has(key))
        .map(({ key, reference, minor, currency: of }) => `${key} ${reference} ${minor} ${of}`),
    );
    const missing = (from: Set<string>, of: Set<string>) => [...of].filter((one) => !from.has(one)).length;
    return missing(here, there) + missing(there, here);
  };
  await until(async () => (await mismatches()) === 0, 120).catch(late);
  const { missingHere, missingThere, differentAmounts, differentStatuses } = await compare();
  return {
    ...{ seed, sent: ids.length, injected, delivered, dropped },
    paidTwice: simulator.twice().length,
    lost: await mismatches(),
    adrift: await open(),
    returned: (await attempts()).filter(({ payout }) => payout === 'RETURNED').length,
    differences: missingHere + missingThere + differentAmounts + differentStatuses,
  };
}
