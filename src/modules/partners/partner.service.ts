import { randomBytes } from 'node:crypto';
import { type EntityManager, LockMode, sql } from '@mikro-orm/postgresql';
import { conflict, forbidden, notFound } from '../../domain/errors.ts';
import { type PartnerTier, referralCode } from '../../domain/partner.ts';
import { where } from '../../kernel/condition.ts';
import type { Context } from '../../kernel/context.ts';
import { CREDENTIALS } from '../../kernel/credentials-topic.ts';
import { currencyOf } from '../../kernel/currency.ts';
import { given } from '../../kernel/given.ts';
import { idOf } from '../../kernel/ids.ts';
import { metadataOf } from '../../kernel/metadata.ts';
import { requireGrantedAfresh } from '../../kernel/permission.ts';
import { from, query } from '../../kernel/rows.ts';
import { transact } from '../../kernel/transact.ts';
import { settleManagers } from '../account-managers/account-manager.service.ts';
import { record } from '../audit/audit.service.ts';
import { once } from '../idempotency/idempotency.service.ts';
import { ensureProgram, programOf } from '../programs/program.service.ts';
import { configure } from './configure-partner.ts';
import { Partner, partnerTable } from './partner.entity.ts';
import type { CreatePartnerInput, UpdatePartnerInput } from './partner.inputs.ts';
import { PartnerHistory } from './partner-history.entity.ts';

const ALWAYS = new Date(0);
const OWN_CONTACT_DATA = new Set(['contactName', 'email']);

/** Who someone is comes from the credential; only a platform administrator names another tenant. */
function tenantFor({ actor }: Context, claimed: string | null | undefined): string {
  const own = actor.tenantId ?? '';
  if (claimed == null || claimed === own) return own;
  if (!actor.everyTenant)
    throw forbidden('tenantId is not that of your credential', { field: 'input.tenantId' });
  return claimed;
}

/** Makes a partner, ACTIVE unless the input says otherwise; answers with its id. */
export async function createPartner(ctx: Context, input: CreatePartnerInput): Promise<string> {
  if (input.identityOrgId != null) await requireGrantedAfresh(ctx, 'partner:create');
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
        referralCode: await freeCode(em, input),
        rateBps: input.commissionRate ?? null,
        currency: currency ?? (await programOf(em, tenantId)).currency,
        payoutFrequency: input.payoutFrequency ?? 'MONTHLY',
        payoutMethod: input.payoutMethod ?? null,
        contractStartDate: input.contractStartDate ?? null,
        identityOrgId: input.identityOrgId ?? null,
        metadata,
      });
      remember(em, ctx, partner, ALWAYS);
      await em.flush();
      await settleManagers(em, ctx, tenantId, [partner.id]);
      const config = await configure(em, ctx, partner, input);
      record(em, ctx, 'partner.created', about(partner), { after: { ...config.after, ...partner } });
      return partner.id;
    });
  });
}

async function freeCode(
  em: EntityManager,
  { referralCode: wanted, companyName }: CreatePartnerInput,
): Promise<string> {
  const taken = async (code: string) => (await em.execute(sql`select 1 where is_taken(${code})`)).length > 0;
  if (wanted) {
    const code = wanted.toUpperCase();
    if (await taken(code))
      throw conflict(`the referral code ${code} is taken`, { field: 'input.referralCode' });
    return code;
  }
  for (;;) {
    const code = referralCode(companyName, randomBytes(10));
    if (!(await taken(code))) return code;
  }
}

/** A partner as the subject of an audit entry. */
export const about = ({ id, tenantId }: Partner) => ({ id, tenantId, partnerId: id });

function remember(
  em: EntityManager,
  { actor }: Context,
  { id, tenantId, status, tier }: Partner,
  effectiveAt: Date,
  reason: string | null = null,
): void {
  em.create(PartnerHistory, {
    tenantId,
    partnerId: id,
    status,
    tier,
    effectiveAt,
    changedBy: actor.id,
    reason,
  });
}

/** Gives a partner, which is locked, a tier from now on. */
export function rememberTier(
  em: EntityManager,
  ctx: Context,
  partner: Partner,
  tier: PartnerTier,
  reason: string,
): void {
  partner.tier = tier;
  remember(em, ctx, partner, ctx.clock.now(), reason);
}

/** Changes what the input names; a partner changes its own contact data only. */
export async function updatePartner(ctx: Context, id: string, input: UpdatePartnerInput): Promise<string> {
  if (input.identityOrgId !== undefined && ctx.actor.partnerId === null)
    await requireGrantedAfresh(ctx, 'partner:edit'); // it decides who gets in
  const { actor, clock } = ctx;
  if (actor.partnerId !== null) {
    const denied = Object.keys(input).find((field) => !OWN_CONTACT_DATA.has(field));
    if (denied) throw forbidden(`a partner may not change its ${denied}`, { field: `input.${denied}` });
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
    if (partner.status !== before.status || partner.tier !== before.tier) {
      remember(em, ctx, partner, clock.now());
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

/** Takes a partner out of the program; its lines and payouts stay. Refused while money is owed to it or under way. */
export async function deletePartner(ctx: Context, id: string): Promise<Partner> {
  const deleted = await transact(ctx, async (em) => {
    const partner = await lockPartner(em, id);
    const [owed] = await em.execute(sql`
      select 1 from commissions c where c.partner_id = ${id} and c.status in ('PENDING', 'HELD', 'APPROVED') and c.amount_minor > 0
        and not exists (select 1 from payout_items i join payouts p on p.id = i.payout_id
          where i.commission_id = c.id and i.voided_at is null and p.status = 'PAID') limit 1`);
    if (owed)
      throw conflict('the partner has commissions that are not paid yet: pay, reject or reverse them first');
    const before = { ...partner };
    partner.status = 'INACTIVE';
    partner.deletedAt = ctx.clock.now();
    remember(em, ctx, partner, partner.deletedAt);
    await settleManagers(em, ctx, partner.tenantId, [partner.id]);
    record(em, ctx, 'partner.deleted', about(partner), { before, after: { ...partner } });
    return partner;
  });
  ctx.feed.publish(CREDENTIALS); // its tokens, keys and members open nothing any more
  return deleted;
}

/** The partner, locked until the transaction ends: whatever adds up its lines starts here. The lock lets others refer
 *  to the partner, so that clicks go on. */
export async function lockPartner(em: EntityManager, id: string, field = 'id'): Promise<Partner> {
  const partner = await findPartner(em, id, field);
  await em.execute(sql`select 1 from partners where id = ${partner.id} for no key update`);
  return em.refreshOrFail(partner);
}

/** The partner, held in place until the transaction ends: it earns, so nobody may delete it meanwhile. `alone`: for who will
 *  add up its lines too. Two that hold it together and then each want it alone would wait for each other. */
export async function holdPartner(
  em: EntityManager,
  id: string,
  field = 'id',
  { alone = false } = {},
): Promise<Partner> {
  if (alone) return lockPartner(em, id, field);
  const partner = await em.findOne(Partner, idOf(id, field), { lockMode: LockMode.PESSIMISTIC_READ });
  if (!partner) throw notFound('partner', field === 'id' ? {} : { field });
  return partner;
}

/** The partner, unlocked; a foreign one answers like one that does not exist. */
export async function findPartner(em: EntityManager, id: string, field = 'id'): Promise<Partner> {
  const partner = await em.findOne(Partner, idOf(id, field));
  if (!partner) throw notFound('partner', field === 'id' ? {} : { field });
  return partner;
}

/** Whose rows are to be written, read before the transaction that writes them; a foreign partner answers like one that
 *  does not exist. */
export async function partnerOwner(
  ctx: Context,
  id: string,
  field: string,
): Promise<{ tenantId: string; partnerId: string }> {
  const partnerId = idOf(id, field);
  const statement = from(partnerTable, ctx.actor, { list: 'p.tenant_id', joins: '' }).and([
    where('p.id = $', partnerId),
    where('p.deleted_at is null'),
  ]);
  const [row] = await query(ctx, statement);
  if (!row) throw notFound('partner', { field });
  return { tenantId: row[0] as string, partnerId };
}
