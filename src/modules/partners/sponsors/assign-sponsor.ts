import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict, invalid } from '../../../domain/errors.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { reasonOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { about, findPartner, lockPartner, type Partner } from '../partner/public.ts';

import { Sponsorship } from './sponsorship.entity.ts';

/** Sets or replaces the sponsor of a partner. Returns the partner's id. Refused if the partner sponsors the new sponsor,
 *  directly or through others; the database refuses such a cycle as well. */
export function assignSponsor(
  ctx: Context,
  partnerId: string,
  sponsorId: string,
  text: string,
): Promise<string> {
  const reason = reasonOf(text);
  return transact(ctx, async (em) => {
    const { partner, current } = await heldForSponsor(em, partnerId);
    const sponsor = await findPartner(em, sponsorId, 'sponsorId');
    if (sponsor.id === partner.id) throw invalid('sponsorId', 'must not be the partner itself');
    if (sponsor.tenantId !== partner.tenantId)
      throw invalid('sponsorId', 'must be a partner of the same program');
    if (current?.sponsorId === sponsor.id)
      throw conflict('This partner already has this sponsor.', { reason: 'ALREADY_ASSIGNED' });
    const [cycle] =
      await sql`select 1 where ${partner.id}::uuid in (select * from sponsors_of(${sponsor.id}))`.execute(em);
    if (cycle)
      throw conflict(
        'The partner sponsors this sponsor, directly or through others, so this would be a cycle.',
        {
          ...{ field: 'sponsorId', reason: 'SPONSOR_CYCLE' },
        },
      );
    const now = ctx.clock.now();
    if (current) Object.assign(current, { endedAt: now, endedBy: ctx.actor.id });
    await em.flush(); // a partner has one account manager at a time
    em.create(Sponsorship, {
      ...{ tenantId: partner.tenantId, partnerId: partner.id, sponsorId: sponsor.id },
      ...{ assignedAt: now, assignedBy: ctx.actor.id, reason },
    });
    record(em, ctx, 'sponsor.assigned', about(partner), {
      before: { sponsorId: current?.sponsorId ?? null },
      after: { sponsorId: sponsor.id },
      reason,
    });
    return partner.id;
  });
}

/** Ends the sponsorship of a partner. Returns the partner's id. */
export function endSponsorship(ctx: Context, partnerId: string, text: string): Promise<string> {
  const reason = reasonOf(text);
  return transact(ctx, async (em) => {
    const { partner, current } = await heldForSponsor(em, partnerId);
    if (!current) throw conflict('This partner has no sponsor.', { reason: 'NO_SPONSOR' });
    Object.assign(current, { endedAt: ctx.clock.now(), endedBy: ctx.actor.id });
    record(em, ctx, 'sponsor.ended', about(partner), {
      before: { sponsorId: current.sponsorId },
      after: { sponsorId: null },
      reason,
    });
    return partner.id;
  });
}

/** Lets changes of sponsors in one program run one after the other, so that two of them cannot close a cycle. */
async function heldForSponsor(
  em: EntityManager,
  partnerId: string,
): Promise<{ partner: Partner; current: Sponsorship | null }> {
  const partner = await lockPartner(em, partnerId, 'partnerId');
  await sql`select sponsors_take_turns(${partner.tenantId})`.execute(em);
  return { partner, current: await em.findOne(Sponsorship, { partnerId: partner.id, endedAt: null }) };
}
