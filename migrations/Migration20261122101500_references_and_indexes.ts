import { Migration } from '@mikro-orm/migrations';

/** References carry the tenant, so that a row cannot point across tenants. The unique (tenant_id, id) that they
 *  point at is also the index of the tenant's lists: ids sort by time. Checked at commit, because the entities know
 *  each other by id alone and are written in no particular order. */
export class Migration20261122101500_references_and_indexes extends Migration {
  override up(): void {
    for (const table of ['partners', 'customers', 'referrals', 'conversions', 'commissions', 'payouts', 'payout_runs']) {
      this.addSql(`alter table ${table} add constraint ${table}_tenant_id_id unique (tenant_id, id)`);
    }
    for (const table of ['partners', 'partner_tier_configs', 'customers', 'payout_runs', 'idempotency_keys', 'audit_events']) {
      this.addSql(`alter table ${table} add constraint ${table}_program foreign key (tenant_id) references programs (tenant_id)`);
    }
    const references: Record<string, string[]> = {
      partners: [
        'reseller_configs', 'affiliate_configs', 'white_label_configs', 'partner_history', 'partner_metrics',
        'partner_metrics_daily', 'customers', 'referrals', 'conversions', 'commissions', 'payouts', 'postings',
      ],
      customers: ['referrals', 'conversions', 'commissions'],
      referrals: ['conversions', 'commissions'],
      conversions: ['commissions'],
      payout_runs: ['payouts'],
      payouts: ['payout_items', 'payout_attempts'],
      commissions: ['payout_items'],
    };
    const column: Record<string, string> = { payout_runs: 'run_id' };
    for (const [target, tables] of Object.entries(references)) {
      const key = column[target] ?? `${target.slice(0, -1)}_id`;
      for (const table of tables) {
        this.addSql(`alter table ${table} add constraint ${table}_${key} foreign key (tenant_id, ${key}) references ${target} (tenant_id, id)
          deferrable initially deferred`);
      }
    }
    this.addSql(`alter table commissions add constraint commissions_reverses_id
      foreign key (tenant_id, reverses_id) references commissions (tenant_id, id) deferrable initially deferred`);

    this.addSql(`alter table partner_tier_configs add constraint one_config_each_tier unique (tenant_id, tier)`);
    this.addSql(`alter table partners add constraint partners_referral_code unique (referral_code)`);
    this.addSql(`alter table white_label_configs add constraint white_label_configs_domain unique (domain)`);
    this.addSql(`alter table customers add constraint customers_external_id unique (tenant_id, external_id)`);
    this.addSql(`alter table conversions add constraint conversions_one_each_referral unique (referral_id)`);
    this.addSql(`create unique index conversions_one_each_order on conversions (tenant_id, order_id) where order_id is not null`);
    this.addSql(`create unique index commissions_one_each_conversion on commissions (conversion_id, partner_id)
      where conversion_id is not null and reverses_id is null`);
    this.addSql(`create unique index payout_items_one_live_claim on payout_items (commission_id) where voided_at is null`);
    this.addSql(`alter table payout_attempts add constraint payout_attempts_number unique (payout_id, number)`);
    this.addSql(`alter table payout_attempts add constraint payout_attempts_key unique (key)`);
    this.addSql(`create unique index payout_attempts_one_not_failed on payout_attempts (payout_id) where status <> 'FAILED'`);
    this.addSql(`alter table postings add constraint postings_reference unique (tenant_id, reference)`);

    this.addSql(`create index customers_partner on customers (partner_id)`);
    this.addSql(`create index referrals_partner on referrals (partner_id, id)`);
    this.addSql(`create index conversions_partner on conversions (partner_id)`);
    this.addSql(`create index commissions_partner on commissions (partner_id, id)`);
    this.addSql(`create index commissions_pending on commissions (tenant_id, id) where status = 'PENDING'`);
    this.addSql(`create index commissions_claimable on commissions (partner_id, amount_currency, occurred_at) where status = 'APPROVED'`);
    this.addSql(`create index commissions_reverses on commissions (reverses_id) where reverses_id is not null`);
    this.addSql(`create index commissions_referral on commissions (referral_id) where referral_id is not null`);
    this.addSql(`create index commissions_customer on commissions (customer_id) where customer_id is not null`);
    this.addSql(`create index payouts_partner on payouts (partner_id, id)`);
    this.addSql(`create index payouts_run on payouts (run_id) where run_id is not null`);
    this.addSql(`create index payouts_processing on payouts (id) where status in ('APPROVED', 'PROCESSING')`);
    this.addSql(`create index payout_items_payout on payout_items (payout_id)`);
    this.addSql(`create index postings_partner on postings (partner_id, amount_currency)`);
    this.addSql(`create index partner_history_partner on partner_history (partner_id, effective_at)`);
    this.addSql(`create index audit_events_tenant on audit_events (tenant_id, id)`);
    this.addSql(`create index audit_events_subject on audit_events (subject_id)`);
  }
}
