import type { Explanation } from '../../domain/explanation.ts';
import { explain } from '../../domain/explanation.ts';
import type { Money } from '../../domain/money.ts';
import { money } from '../../domain/money.ts';
import type { Context } from '../../kernel/context.ts';
import { amountText } from '../../kernel/currency.ts';
import { Customer } from '../customers/customer.entity.ts';
import { holdPartner } from '../partners/partner.service.ts';
import type { CreateCommissionInput } from './commission.inputs.ts';
import { earningOf } from './commission.service.ts';
import { type Refused, weigh } from './earn-commission.ts';

export interface Preview {
  readonly amount: Money;
  readonly trueUp: Money;
  readonly ruleId: string | null;
  /** Why the sale would earn nothing; null where it earns. */
  readonly refused: Refused | null;
  readonly explanation: Explanation | null;
}

/** What a sale would pay and why. It is weighed as a real one, and everything is taken back. */
export async function previewCommission(ctx: Context, input: CreateCommissionInput): Promise<Preview> {
  const em = ctx.em.fork({ keepTransactionContext: false });
  await em.begin();
  try {
    const partner = await holdPartner(em, input.partnerId, 'input.partnerId');
    const earning = earningOf(ctx, partner, input);
    const { tenantId } = partner;
    const customer = input.customerId
      ? await em.findOne(Customer, { tenantId, externalId: input.customerId })
      : null;
    const weighed = await weigh(em, partner, {
      ...earning,
      customerId: customer?.id ?? null,
      newCustomer: input.customerId != null && customer === null,
    });
    const { currency } = earning.base;
    if (typeof weighed === 'string') {
      const nothing = money(0n, currency);
      return { amount: nothing, trueUp: nothing, ruleId: null, refused: weighed, explanation: null };
    }
    const { computed, inForce, decision } = weighed;
    const amount = (minor: bigint) => `${amountText({ minor, currency })} ${currency}`;
    return {
      amount: money(computed.amount, currency),
      trueUp: money(computed.trueUp, currency),
      ruleId: decision.rule?.id ?? null,
      refused: null,
      explanation: explain(computed, { amount, tier: inForce.tier }),
    };
  } finally {
    await em.rollback();
  }
}
