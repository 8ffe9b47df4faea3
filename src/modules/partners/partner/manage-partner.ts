import { randomBytes } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/postgresql';
import { conflict, forbidden } from '../../../domain/errors.ts';
import { type PartnerTier, referralCode, withSuffix } from '../../../domain/partner.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { CREDENTIALS } from '../../../kernel/request/credentials-topic.ts';
import { currencyOf } from '../../../kernel/request/currency.ts';
import { given, metadataOf } from '../../../kernel/request/input.ts';
import { record } from '../../foundation/audit/public.ts';
import { once } from '../../foundation/idempotency/public.ts';
import { settleManagers } from '../../programs/account-managers/public.ts';
import { ensureProgram, programOf } from '../../programs/program/public.ts';
import { configure } from './configure-partner.ts';
import { lockPartner } from './find-partner.ts';
import { Partner } from './partner.entity.ts';
import type { CreatePartnerInput, UpdatePartnerInput } from './partner.inputs.ts';
import { PartnerHistory } from './partner-history.entity.ts';

const ALWAYS = new Date(0);

const OWN_CONTACT_DATA = new Set(['contactName', 'email']);

/** The credential decides the tenant. Only a platform administrator may name another one. */
function tenantFor({ actor }: Context, claimed: string | null | undefined): string {
  const own = actor.tenantId ?? '';
  if (claimed == null || claimed === own) return own;
  if (!actor.everyTenant)
    throw forbidden('tenantId must be the tenant of your credential.', { field: 'input.tenantId' });
  return claimed;
}

/** Creates a partner, ACTIVE by default. Returns its id. */
export async function createPartner(ctx: Context, input: CreatePartnerInput): Promise<string> {
  const tenantId = tenantFor(ctx, input.tenantId);
  await ensureProgram(ctx.pool, tenantId);
  const metadata = metadataOf(input.metadata, 'input.metadata');
  return transact(ctx, async (em) => {
    const request = { tenantId, operation: 'createPartner', key: input.idempotencyKey, input };
    return once(em, ctx, request, async () => {
      const currency = input.currency != null ? currencyOf(input.currency, 'input.currency') : null;
      const partner = em.create(Partner, {
        tenantId,
        partnerType: input.partnerType,
        status: input.status ?? 'ACTIVE',
        tier: input.tier ?? 'BRONZE',
        companyName: input.companyName,
        contactName: input.contactName ?? null,
        email: input.email,
        referralCode: await freeCode(em, tenantId, input),
        rateBps: input.commissionRate ?? null,
        currency: currency ?? (await programOf(em, tenantId)).currency,
        payoutFrequency: input.payoutFrequency ?? 'MONTHLY',
        payoutMethod: input.payoutMethod ?? null,
        contractStartDate: input.contractStartDate ?? null,
        identityOrgId: input.identityOrgId ?? null,
        metadata,
      });
      remember(em, ctx, partner, ALWAYS, { rateBps: partner.rateBps ?? null });
      await em.flush();
      await settleManagers(em, ctx, tenantId, [partner.id]);
      const config = await configure(em, ctx, partner, input);
      record(em, ctx, 'partner.created', about(partner), { after: { ...config.after, ...partner } });
      return partner.id;
    });
  });
}

/** The wanted code, or one from the name. A code that another tenant has gets a suffix, so no answer tells what it took. */
async function freeCode(
  em: EntityManager,
  tenantId: string,
  { referralCode: wanted, companyName }: CreatePartnerInput,
): Promise<string> {
  const holds = async (condition: Sql) => (await sql`select 1 where ${condition}`.execute(em)).length > 0;
  for (let code = wanted?.toUpperCase() ?? null; ; ) {
    code ??= referralCode(companyName, randomBytes(10));
    const claimed = await holds(sql`is_claimed(${code})`);
    // Asked afterwards, because a partner of this program may take the code at the same time.
    if (wanted && (await holds(sql`is_taken(${tenantId}, ${wanted})`)))
      throw conflict(`The referral code ${wanted.toUpperCase()} is already in use.`, {
        field: 'input.referralCode',
      });
    if (!claimed) return code;
    code = wanted ? withSuffix(wanted.toUpperCase(), randomBytes(4)) : null;
  }
}

/** A partner as the subject of an audit entry. */
export const about = ({ id, tenantId }: Partner) => ({ id, tenantId, partnerId: id });

function remember(
  em: EntityManager,
  { actor }: Context,
  { id, tenantId, status, tier }: Partner,
  effectiveAt: Date,
  more: Pick<PartnerHistory, 'reason' | 'rateBps' | 'rateBeforeBps'> = {},
): void {
  em.create(PartnerHistory, {
    tenantId,
    partnerId: id,
    status,
    tier,
    effectiveAt,
    changedBy: actor.id,
    ...more,
  });
}

/** Sets the tier of a locked partner from now on. */
export function rememberTier(
  em: EntityManager,
  ctx: Context,
  partner: Partner,
  tier: PartnerTier,
  reason: string,
): void {
  partner.tier = tier;
  remember(em, ctx, partner, ctx.clock.now(), { reason });
}

/** Changes the given fields. A partner may only change its own contact data. */
export async function updatePartner(ctx: Context, id: string, input: UpdatePartnerInput): Promise<string> {
  const { actor, clock } = ctx;
  if (actor.partnerId !== null) {
    const denied = Object.keys(input).find((field) => !OWN_CONTACT_DATA.has(field));
    if (denied) throw forbidden(`A partner cannot change its ${denied}.`, { field: `input.${denied}` });
  }
  await transact(ctx, async (em) => {
    const partner = await lockPartner(em, id);
    const before = { ...partner };
    const {
      commissionRate,
      apiLimitOverride,
      payoutMethod,
      contactName,
      contractStartDate,
      identityOrgId,
      metadata,
      reseller,
      affiliate,
      whiteLabel,
      ...rest
    } = input;
    em.assign(partner, given(rest));
    if (commissionRate !== undefined) partner.rateBps = commissionRate;
    if (apiLimitOverride !== undefined) partner.apiLimitOverride = apiLimitOverride;
    if (payoutMethod !== undefined) partner.payoutMethod = payoutMethod;
    if (contactName !== undefined) partner.contactName = contactName;
    if (contractStartDate !== undefined) partner.contractStartDate = contractStartDate;
    if (identityOrgId !== undefined) partner.identityOrgId = identityOrgId;
    if (metadata != null) partner.metadata = metadataOf(metadata, 'input.metadata');
    const rated =
      (partner.rateBps ?? null) === (before.rateBps ?? null)
        ? null
        : { rateBps: partner.rateBps ?? null, rateBeforeBps: before.rateBps ?? null };
    if (partner.status !== before.status || partner.tier !== before.tier || rated !== null)
      remember(em, ctx, partner, clock.now(), rated ?? {});
    if (partner.status !== before.status || partner.tier !== before.tier) {
      await settleManagers(em, ctx, partner.tenantId, [partner.id]);
    }
    const config = await configure(em, ctx, partner, input);
    record(em, ctx, 'partner.updated', about(partner), {
      before: { ...config.before, ...before },
      after: { ...config.after, ...partner },
    });
  });
  return id;
}

/** Deletes a partner; its commissions and payouts stay. Refused while money is owed to the partner or on its way. */
export async function deletePartner(ctx: Context, id: string): Promise<Partner> {
  const deleted = await transact(ctx, async (em) => {
    const partner = await lockPartner(em, id);
    const [owed] = await sql`
      select 1 from commissions c where c.partner_id = ${id} and c.status in ('PENDING', 'HELD', 'APPROVED') and c.amount_minor > 0
        and not exists (select 1 from payout_items i join payouts p on p.id = i.payout_id
          where i.commission_id = c.id and i.voided_at is null and p.status = 'PAID') limit 1`.execute(em);
    if (owed) throw conflict('This partner has unpaid commissions. Pay, reject or reverse them first.');
    const before = { ...partner };
    partner.status = 'INACTIVE';
    partner.deletedAt = ctx.clock.now();
    remember(em, ctx, partner, partner.deletedAt);
    await settleManagers(em, ctx, partner.tenantId, [partner.id]);
    record(em, ctx, 'partner.deleted', about(partner), { before, after: { ...partner } });
    return partner;
  });
  ctx.feed.publish(CREDENTIALS); // its tokens, keys and members lose access
  return deleted;
}
