import type { DemoPartner } from './partners.ts';
import type { Random } from './random.ts';

const DAY_TEXT = 10; // of an ISO instant

interface Rows {
  readonly partners: object[];
  readonly partner_history: object[];
  readonly reseller_configs: object[];
  readonly affiliate_configs: object[];
  readonly white_label_configs: object[];
}

/** Returns the partners as rows of their tables. */
export function partnerRows(random: Random, tenantId: string, partners: readonly DemoPartner[]): Rows {
  const of = (type: DemoPartner['partnerType']) => partners.filter(({ partnerType }) => partnerType === type);
  return {
    partners: partners.map((partner) => ({
      id: partner.id,
      tenantId,
      createdAt: partner.createdAt,
      updatedAt: changedAt(partner),
      partnerType: partner.partnerType,
      status: partner.status,
      tier: partner.tier,
      companyName: partner.companyName,
      contactName: partner.contactName,
      email: partner.email,
      referralCode: partner.referralCode,
      rateBps: partner.rateBps,
      currency: partner.region.currency,
      payoutFrequency: partner.payoutFrequency,
      payoutMethod: partner.payoutMethod,
      contractStartDate: partner.createdAt.toISOString().slice(0, DAY_TEXT),
      metadata: random.chance(0.3) ? { segment: random.pick(['accountants', 'startups', 'retail']) } : {},
    })),
    partner_history: partners.flatMap((partner) =>
      partner.standings.map(({ from, status, tier }, index) => {
        const createdAt = index === 0 ? partner.createdAt : from;
        return {
          id: random.id(createdAt),
          tenantId,
          createdAt,
          partnerId: partner.id,
          status,
          tier,
          effectiveAt: from,
        };
      }),
    ),
    reseller_configs: of('RESELLER').map(({ id, region }) => {
      const minimum = random.chance(0.3);
      const credit = random.chance(0.5);
      return {
        partnerId: id,
        tenantId,
        managesCustomers: true,
        managesBilling: random.chance(0.4),
        pricingAuthorityBps: random.pick([0, 500, 1_000, 1_500, 2_000]),
        countries: random.chance(0.6) ? region.countries : [],
        products: random.chance(0.3) ? ['ledger', 'consolidation'] : [],
        minimumOrderMinor: minimum ? region.plans[1] : null,
        minimumOrderCurrency: minimum ? region.currency : null,
        creditLimitMinor: credit ? region.plans[3] * BigInt(random.int(5, 50)) : null,
        creditLimitCurrency: credit ? region.currency : null,
      };
    }),
    affiliate_configs: of('AFFILIATE').map(({ id, region, affiliate }) => ({
      partnerId: id,
      tenantId,
      cookieDays: affiliate?.cookieDays,
      firstPurchaseOnly: affiliate?.firstPurchaseOnly,
      recurringMonths: affiliate?.recurringMonths,
      minimumPurchaseMinor: affiliate?.minimum,
      minimumPurchaseCurrency: affiliate?.minimum == null ? null : region.currency,
    })),
    white_label_configs: of('WHITE_LABEL').map(({ id, slug, companyName }) => ({
      partnerId: id,
      tenantId,
      brandName: `${companyName.split(' ').slice(0, 2).join(' ')} Finance`,
      logoUrl: `https://cdn.${slug}.example/logo.png`,
      faviconUrl: `https://cdn.${slug}.example/favicon.ico`,
      primaryColor: random.pick(['#1a73e8', '#0b7285', '#5f3dc4', '#c2255c', '#2b8a3e']),
      secondaryColor: random.pick(['#34a853', '#868e96', '#1864ab']),
      accentColor: random.pick(['#fbbc04', '#ff922b', '#20c997']),
      domain: random.chance(0.7) ? `finance.${slug}.example` : null,
      hide_fin_aceverse_branding: random.chance(0.5), // in the spelling of the column
    })),
  };
}

/** Returns the time of the partner's last change. */
function changedAt({ createdAt, standings }: DemoPartner): Date {
  const last = standings.at(-1)?.from ?? createdAt;
  return last > createdAt ? last : createdAt;
}
