import type { EntityManager, RequiredEntityData } from '@mikro-orm/postgresql';
import { type Money, money } from '../../../domain/money.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { postAccrual } from '../../foundation/ledger/public.ts';
import { Commission } from './commission.entity.ts';

type Columns = RequiredEntityData<Commission>;

interface Added extends Pick<Columns, 'type' | 'status' | 'occurredAt' | 'revenueMinor'> {
  /** True when the commission is owed at once and gets a ledger posting. */
  readonly approved: boolean;
  /** Base and amount in minor units. */
  readonly baseMinor: bigint;
  readonly amountMinor: bigint;
}

/** Creates a commission that corrects another one, with the same partner, customer and terms. */
export function addLine(
  em: EntityManager,
  { clock, actor }: Context,
  beside: Commission,
  { approved, baseMinor, amountMinor, ...columns }: Added & Partial<Columns>,
): Commission {
  const { tenantId, partnerId, method, tier, roundingMode, source } = beside;
  const inCurrencyOf = (minor: bigint, { currency }: Money) => new MoneyColumn(money(minor, currency));
  const added = em.create(Commission, {
    ...{ tenantId, partnerId, method, tier, roundingMode, source },
    customerId: beside.customerId ?? null,
    subscriptionId: beside.subscriptionId ?? null,
    baseAmount: inCurrencyOf(baseMinor, beside.baseAmount),
    amount: inCurrencyOf(amountMinor, beside.amount),
    approvedAt: approved ? clock.now() : null,
    approvedBy: approved ? actor.id : null, // the database writes the approver of `beside`
    causedBy: actor.id,
    ...columns,
  });
  if (approved) postAccrual(em, added, clock.now());
  return added;
}
