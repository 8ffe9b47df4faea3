import type { EntityManager } from '@mikro-orm/postgresql';
import type { Context } from '../../kernel/context.ts';
import { type Assessment, keepReview, type Watched } from '../fraud/fraud.service.ts';
import type { Partner } from '../partners/partner.entity.ts';
import type { Commission } from './commission.entity.ts';
import { CommissionHold } from './commission-hold.entity.ts';

interface Sold {
  readonly customerId: string | null;
  readonly conversion?: { readonly referralId: string } | undefined;
  readonly order?: { readonly id: string } | undefined;
  readonly occurredAt: Date;
}

/** What the risk rules look at of a sale. */
export const watched = (
  { tenantId, id: partnerId }: Pick<Partner, 'tenantId' | 'id'>,
  { customerId, conversion, order, occurredAt }: Sold,
): Watched => ({
  tenantId,
  partnerId,
  customerId,
  referralId: conversion?.referralId ?? null,
  orderId: order?.id ?? null,
  occurredAt,
});

/** Keeps what the risk rules saw of a line, and holds it where they ask for a look at it, beside whatever else holds it.
 *  What they saw is not for the partner, who reads the hold. */
export async function review(
  em: EntityManager,
  { actor, clock }: Pick<Context, 'actor' | 'clock'>,
  line: Commission,
  sale: Watched,
  assessment: Assessment,
): Promise<void> {
  await em.flush();
  const { outcome, score, threshold, hits } = assessment;
  const holds = (outcome === 'HELD' || outcome === 'BLOCKED') && line.amount.minor > 0n;
  const hold = holds
    ? em.create(CommissionHold, {
        tenantId: line.tenantId,
        partnerId: line.partnerId,
        commissionId: line.id,
        kind: 'RISK',
        reason: 'the program looks at this sale before it approves it',
        evidence: { score, threshold, rules: hits.map(({ rule }) => rule) },
        placedBy: actor.id,
        placedAt: clock.now(),
      })
    : null;
  await em.flush(); // the line moves only once the hold is there, as the database sees to
  if (hold && line.status === 'PENDING') line.status = 'HELD';
  const kept = { sale, assessment, amount: line.amount, commissionId: line.id, holdId: hold?.id ?? null };
  await keepReview(em, { clock }, kept);
}
