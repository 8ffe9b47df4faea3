import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../support/app.ts';
import { CREATE_PAYOUT, makeApproved, makePartner, REJECT, REVERSE, staffOf } from '../../support/make.ts';
import { until } from '../../support/until.ts';

let app: TestApp;
let staff: Awaited<ReturnType<typeof staffOf>>;
beforeAll(async () => {
  app = await createTestApp();
  staff = await staffOf(app);
  await app.app.startWorker();
});
afterAll(() => app.close());

test('a refund in an earlier payout stays there when its commission returns', async () => {
  const { id: partnerId } = await makePartner(app, staff.manager, { payoutMethod: 'STRIPE' });
  const sold = await makeApproved(app, staff, partnerId);
  const make = async (metadata: object = {}) => {
    const input = { partnerId, periodStart: '2026-01-01', periodEnd: '2100-01-01', metadata };
    return (await app.ask(staff.maria, CREATE_PAYOUT, { input })).createPayout;
  };
  const pay = async (metadata: object = {}) => {
    const { id } = await make(metadata);
    await app.ask(staff.tom, 'mutation ($id: ID!) { approvePayout(id: $id) { id } }', {
      id,
    });
    return id as string;
  };
  const comes = (payoutId: string, status: string) =>
    until(async () => {
      const { payout } = await app.ask(staff.maria, 'query ($id: ID!) { payout(id: $id) { status } }', {
        id: payoutId,
      });
      return payout.status === status;
    });

  const returned = await pay({ sandbox: 'return' });
  await comes(returned, 'PAID');
  await app.ask(staff.maria, REVERSE, { id: sold, input: { amount: '40.00' } }); // -4.00, in the next payout
  await makeApproved(app, staff, partnerId, { amount: '200.00' });
  await comes(await pay(), 'PAID'); // 20.00 - 4.00
  await comes(returned, 'RETURNED'); // 10.00 are owed again

  expect(await app.refusal(staff.maria, REJECT, { id: sold, reason: 'x' })).toMatchObject({
    code: 'CONFLICT',
    reason: 'REFUND_CLAIMED',
  });
  const { reverseCommission } = await app.ask(staff.maria, REVERSE, { id: sold, input: {} }); // -6.00
  expect(reverseCommission.reversedAmount.amount).toBe('10.00');
  const { partner } = await app.ask(
    staff.maria,
    'query ($id: ID!) { partner(id: $id) { balances { payable { amount } paid { amount } } } }',
    { id: partnerId },
  );
  expect(partner.balances).toEqual([{ payable: { amount: '4.00' }, paid: { amount: '16.00' } }]);
  expect((await make()).amount.amount).toBe('4.00'); // 10.00 - 6.00
}, 20_000);
