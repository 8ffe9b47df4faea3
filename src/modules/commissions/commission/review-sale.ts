import { v7 } from 'uuid';
import type { FraudTerms } from '../../../domain/fraud.ts';
import type { Money } from '../../../domain/money.ts';
import { sql } from '../../../kernel/data/sql.ts';
import type { Run } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type AssessedSale, type Assessment, assess, keepReview } from '../../fraud/rules/public.ts';
import type { Partner } from '../../partners/partner/public.ts';
import type { Commission } from './commission.entity.ts';
import type { NewLine } from './insert-commissions.ts';

interface Sold {
  readonly customerId: string | null;
  readonly conversion?: { readonly referralId: string } | undefined;
  readonly order?: { readonly id: string } | undefined;
  readonly occurredAt: Date;
}

/** Returns the facts about a sale that the risk rules need. */
export const assessedSale = (
  { tenantId, id: partnerId }: Pick<Partner, 'tenantId' | 'id'>,
  { customerId, conversion, order, occurredAt }: Sold,
): AssessedSale => ({
  tenantId,
  partnerId,
  customerId,
  referralId: conversion?.referralId ?? null,
  orderId: order?.id ?? null,
  occurredAt,
});

/** Stores the result of the risk rules for a commission and places a RISK hold when they require a review. Returns true
 *  when the commission is held. The reason of the hold names no rule, because the partner can read it. */
export async function review(
  run: Run,
  { actor, clock }: Pick<Context, 'actor' | 'clock'>,
  {
    id,
    tenantId,
    partnerId,
    amount,
  }: Pick<Commission, 'id' | 'tenantId' | 'partnerId'> & { readonly amount: Money },
  sale: AssessedSale,
  assessment: Assessment,
): Promise<boolean> {
  const { outcome, score, threshold, hits } = assessment;
  const holdId = (outcome === 'HELD' || outcome === 'BLOCKED') && amount.minor > 0n ? v7() : null;
  if (holdId) {
    await run(
      sql`insert into commission_holds (id, tenant_id, partner_id, commission_id, kind, reason, evidence, placed_by, placed_at)
         values (${holdId}::uuid, ${tenantId}, ${partnerId}::uuid, ${id}::uuid, 'RISK',
           ${'The program reviews this sale before its approval'},
           ${JSON.stringify({ score, threshold, rules: hits.map(({ rule }) => rule) })}::jsonb,
           ${actor.id}, ${clock.now()}::timestamptz)`,
    );
    // The database allows the status HELD only after the hold exists.
    await run(
      sql`update commissions set status = 'HELD', updated_at = now() where id = ${id}::uuid and status = 'PENDING'`,
    );
  }
  await keepReview(run, { clock }, { sale, assessment, amount, commissionId: id, holdId });
  return holdId !== null;
}

/** Checks sales by the risk rules that earned nothing when they were recorded and earn now. Call the result after the insert
 *  of their commissions: a sale is not counted as another sale of its partner. */
export async function reviewLater(
  run: Run,
  ctx: Pick<Context, 'actor' | 'clock'>,
  lines: readonly NewLine[],
): Promise<() => Promise<void>> {
  const found: (() => Promise<unknown>)[] = [];
  for (const [tenantId, ofTenant] of Map.groupBy(
    lines.filter(({ type }) => type !== 'BONUS'),
    (line) => line.tenantId,
  )) {
    const [program] = await run(
      sql<{ fraud: FraudTerms | null }>`select fraud from programs where tenant_id = ${tenantId}`,
    );
    for (const { id, partnerId, amount, customerId, referralId, orderId, occurredAt } of ofTenant) {
      const sale = {
        ...{ tenantId, partnerId, customerId: customerId ?? null, referralId: referralId ?? null },
        ...{ orderId: orderId ?? null, occurredAt },
      };
      const risk = await assess(run, sale, program?.fraud ?? null);
      if (risk)
        found.push(() => review(run, ctx, { id: id as string, tenantId, partnerId, amount }, sale, risk));
    }
  }
  return async () => {
    for (const store of found) await store();
  };
}
