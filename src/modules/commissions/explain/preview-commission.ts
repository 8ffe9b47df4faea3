import type { Explanation } from '../../../domain/explanation.ts';
import { explain } from '../../../domain/explanation.ts';
import type { Money } from '../../../domain/money.ts';
import { money } from '../../../domain/money.ts';
import { requireSeen } from '../../../kernel/data/authorize.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { within } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountText } from '../../../kernel/request/currency.ts';
import { holdPartner, partnerTable } from '../../partners/partner/public.ts';

import { isCustomer } from '../../tracking/attribution/public.ts';
import type { CreateCommissionInput } from '../commission/public.ts';
import { earningOf, limitOf, type Refused, weigh } from '../earning/public.ts';

import { exchanged } from './explain-commission.ts';

export interface Preview {
  readonly amount: Money;
  readonly trueUp: Money;
  readonly ruleId: string | null;
  /** Why the sale would earn nothing. Null when it earns. */
  readonly refused: Refused | 'RATE_MISSING' | null;
  readonly explanation: Explanation | null;
}

/** Computes the commission of a sale as for a real one, and rolls the transaction back. */
export async function previewCommission(ctx: Context, input: CreateCommissionInput): Promise<Preview> {
  await requireSeen(ctx, partnerTable, input.partnerId, 'input.partnerId');
  const em = ctx.em.fork({ keepTransactionContext: false });
  await em.begin();
  try {
    const partner = await holdPartner(em, input.partnerId, 'input.partnerId');
    const earning = earningOf(ctx, partner, input);
    const [known] = await sql<{
      id: string | null;
    }>`select customer_known_as(${partner.tenantId}, ${input.customerId ?? null}) as id`.execute(em);
    const self =
      input.customerId != null && (await isCustomer(em, partner.id, { customerId: input.customerId }));
    const weighed = self
      ? 'SELF_REFERRAL'
      : await weigh(
          within(em),
          partner,
          {
            ...earning,
            customerId: known?.id ?? null,
            newCustomer: input.customerId != null && known?.id == null,
          },
          { lock: false },
        );
    const limit = typeof weighed === 'string' || 'missing' in weighed ? null : limitOf(weighed);
    if (typeof weighed === 'string' || 'missing' in weighed || limit) {
      const nothing = money(0n, earning.base.currency);
      const refused = limit ?? (typeof weighed === 'string' ? weighed : 'RATE_MISSING');
      return { amount: nothing, trueUp: nothing, ruleId: null, refused, explanation: null };
    }
    const { computed, inForce, owed, exchange, item, reckoning } = weighed;
    const others = [...reckoning.items.values()].filter((each) => each.item.id !== item.id);
    const more = others.reduce((sum, each) => sum + each.owed.amount - each.item.owed, 0n);
    const { currency } = weighed.base;
    const amountIn = (of: string) => (minor: bigint) => `${amountText({ minor, currency: of })} ${of}`;
    const explanation = explain(computed, {
      ...{ amount: amountIn(currency), sold: amountIn(item.soldCurrency) },
      ...{ tier: inForce.tier, mode: item.roundingMode },
    });
    return {
      amount: money(owed.amount, currency),
      trueUp: money(more, currency),
      ruleId: owed.terms.rule?.id ?? null,
      refused: null,
      explanation: exchange
        ? exchanged(explanation, earning.base, exchange, weighed.base, item.roundingMode)
        : explanation,
    };
  } finally {
    await em.rollback();
  }
}
