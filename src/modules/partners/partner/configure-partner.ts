import type { EntityManager } from '@mikro-orm/postgresql';
import { invalid } from '../../../domain/errors.ts';
import { enqueue } from '../../../kernel/data/jobs.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { amountOf } from '../../../kernel/request/currency.ts';
import { given } from '../../../kernel/request/input.ts';
import type { Outbound } from '../../../ports/outbound.ts';
import type { Partner } from './partner.entity.ts';
import type { AffiliateConfigInput, ResellerConfigInput, WhiteLabelConfigInput } from './partner.inputs.ts';
import { AffiliateConfig, ResellerConfig, WhiteLabelConfig } from './partner-config.entity.ts';

interface Configurations {
  reseller?: ResellerConfigInput | null;
  affiliate?: AffiliateConfigInput | null;
  whiteLabel?: WhiteLabelConfigInput | null;
}

const kinds = { reseller: 'RESELLER', affiliate: 'AFFILIATE', whiteLabel: 'WHITE_LABEL' } as const;

/** Stores the configuration of the partner's type, with defaults for absent fields. Refuses a configuration of another
 *  type. Returns the configuration before and after. */
export async function configure(
  em: EntityManager,
  { outbound, ownDomains }: Pick<Context, 'outbound' | 'ownDomains'>,
  partner: Partner,
  input: Configurations,
): Promise<{ before: object; after: object }> {
  for (const [field, type] of Object.entries(kinds) as [keyof Configurations, string][]) {
    if (input[field] != null && partner.partnerType !== type) {
      throw invalid(`input.${field}`, `is for a ${type} partner, but this partner is ${partner.partnerType}`);
    }
  }
  const key = { partnerId: partner.id, tenantId: partner.tenantId };
  if (partner.partnerType === 'RESELLER') {
    const config =
      (await em.findOne(ResellerConfig, partner.id)) ??
      em.create(ResellerConfig, { ...new ResellerConfig(), ...key });
    const before = { ...config };
    const { pricingAuthority, minimumOrder, creditLimit, ...rest } = input.reseller ?? {};
    em.assign(config, given(rest));
    if (pricingAuthority != null) config.pricingAuthorityBps = pricingAuthority;
    if (minimumOrder !== undefined)
      config.minimumOrder = limit(minimumOrder, partner, 'input.reseller.minimumOrder');
    if (creditLimit !== undefined)
      config.creditLimit = limit(creditLimit, partner, 'input.reseller.creditLimit');
    return { before, after: { ...config } };
  }
  if (partner.partnerType === 'AFFILIATE') {
    const config =
      (await em.findOne(AffiliateConfig, partner.id)) ??
      em.create(AffiliateConfig, { ...new AffiliateConfig(), ...key });
    const before = { ...config };
    const { minimumPurchase, recurringMonths, ...rest } = input.affiliate ?? {};
    em.assign(config, given(rest));
    if (recurringMonths !== undefined) config.recurringMonths = recurringMonths;
    if (minimumPurchase !== undefined)
      config.minimumPurchase = limit(minimumPurchase, partner, 'input.affiliate.minimumPurchase');
    return { before, after: { ...config } };
  }
  if (partner.partnerType === 'WHITE_LABEL') {
    const config =
      (await em.findOne(WhiteLabelConfig, partner.id)) ??
      em.create(WhiteLabelConfig, {
        ...new WhiteLabelConfig(),
        ...key,
        brandName: partner.companyName.slice(0, 100),
      });
    const before = { ...config };
    const { brandName, hideFinACEverseBranding, ...clearable } = input.whiteLabel ?? {};
    for (const field of ['logoUrl', 'faviconUrl'] as const) {
      const url = clearable[field];
      const objection = url == null ? null : outbound.objectionTo(url);
      if (objection) throw invalid(`input.whiteLabel.${field}`, objection);
      if (url !== undefined && url !== config[field]) {
        config[field === 'logoUrl' ? 'logoStatus' : 'faviconStatus'] = null;
        if (url !== null)
          await enqueue(em, 'check_logo', { partnerId: partner.id }, { key: `check_logo:${partner.id}` });
      }
    }
    if (clearable.domain) refuseDomain(clearable.domain, ownDomains, outbound);
    em.assign(config, given({ brandName, hideFinACEverseBranding }));
    em.assign(
      config,
      Object.fromEntries(Object.entries(clearable).filter(([, value]) => value !== undefined)),
    );
    return { before, after: { ...config } };
  }
  return { before: {}, after: {} };
}

/** The domain of a brand must be its own: not the portal's, and no internal name. */
function refuseDomain(domain: string, ownDomains: readonly string[], outbound: Outbound): void {
  const field = 'input.whiteLabel.domain';
  if (ownDomains.some((own) => domain === own || domain.endsWith(`.${own}`)))
    throw invalid(field, 'must not be a domain of the portal');
  const objection = outbound.objectionTo(`https://${domain}/`);
  if (objection) throw invalid(field, objection);
}

function limit(text: string | null, { currency }: Partner, field: string): MoneyColumn | null {
  if (text === null) return null;
  const amount = amountOf(text, currency, field);
  if (amount.minor < 0n) throw invalid(field, 'must not be negative');
  return new MoneyColumn(amount);
}
