import { Migration } from '@mikro-orm/migrations';

/** A sale may be credited to several partners. Each one's part is a conversion of its own, so that its lines, its figures and
 *  what it may see stay those of one partner; all parts name the order and the conversion that closed the referral. */
export class Migration20261126005001_a_sale_is_shared_by_its_touches extends Migration {
  override up(): void {
    this.addSql(`alter table programs
      add column attribution_model text not null default 'LAST'
        constraint programs_attribution_model check (attribution_model in ('FIRST', 'LAST', 'LINEAR', 'POSITION', 'TIME_DECAY')),
      add column attribution_unit text not null default 'TOUCH'
        constraint programs_attribution_unit check (attribution_unit in ('TOUCH', 'PARTNER'))`);

    // Of the parts of a sale one is counted as the conversion: that of the partner whom the customer is bound to.
    this.addSql(`alter table conversions
      add column part_of uuid, add column counted boolean not null default true,
      drop constraint conversions_positive,
      add constraint conversions_positive check (amount_minor > 0 or (amount_minor = 0 and not counted and part_of is null)),
      drop constraint conversions_one_each_referral,
      add constraint conversions_part_of foreign key (tenant_id, part_of) references conversions (tenant_id, id) deferrable initially deferred`);
    this.addSql(`create unique index conversions_one_each_referral on conversions (referral_id) where part_of is null`);
    this.addSql(`create index conversions_referral on conversions (referral_id)`);
    this.addSql(`create unique index conversions_one_each_part on conversions (part_of, partner_id) where part_of is not null`);
    this.addSql(`drop index conversions_one_each_order`);
    this.addSql(`create unique index conversions_one_each_order on conversions (tenant_id, order_id) where order_id is not null and part_of is null`);
    this.addSql(`create unique index conversions_one_each_order_and_partner on conversions (tenant_id, order_id, partner_id) where order_id is not null`);
    this.addSql(`create index conversions_of_period on conversions (tenant_id, occurred_at, id)`);
    this.addSql(`
      create or replace function metrics_of(v conversions) returns setof metric_delta language sql stable as $$
        select v.tenant_id, v.partner_id, (v.occurred_at at time zone g.time_zone)::date, v.source, v.amount_currency, 0::bigint,
          v.counted::int::bigint, v.counted::int::bigint, 0::bigint, v.amount_minor, 0::bigint, 0::bigint
        from programs g where g.tenant_id = v.tenant_id
      $$`);

    this.addSql(`
      create function partner_was_active(partner uuid, at timestamptz) returns boolean language sql stable as $$
        select (select h.status from partner_history h where h.partner_id = partner and h.effective_at <= at
          order by h.effective_at desc, h.id desc limit 1) is not distinct from 'ACTIVE'
      $$`);

    // What a sale was credited by, as it was seen when it was recorded: the evidence of each partner's part.
    this.addSql(`
      create table attribution_shares (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null,
        sale_id uuid not null, conversion_id uuid, named_touch uuid, basis text not null, model text not null, unit text not null,
        sale_minor bigint not null, share_minor bigint not null, currency text not null, occurred_at timestamptz(3) not null,
        own_touches integer not null, all_touches integer not null, other_touches integer not null, touches jsonb not null,
        constraint attribution_shares_within check (share_minor between 0 and sale_minor),
        constraint attribution_shares_touches check (own_touches between 0 and all_touches),
        constraint attribution_shares_sale_id foreign key (tenant_id, sale_id) references conversions (tenant_id, id) deferrable initially deferred,
        constraint attribution_shares_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint attribution_shares_one_each_partner unique (sale_id, partner_id))`);
    this.addSql(`create index attribution_shares_conversion on attribution_shares (conversion_id) where conversion_id is not null`);
    this.addSql(`create trigger append_only before update or delete on attribution_shares for each row execute function refuse_change()`);
    this.addSql(`select protect('attribution_shares', 'select, insert', 'partner_id')`);
    this.addSql(`create policy staff_inserts on attribution_shares as restrictive for insert to partner_portal_api
      with check (coalesce(current_setting('portal.partner', true), '') = '')`);
  }
}
