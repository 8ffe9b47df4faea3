import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** A program may owe its partners in their own currency: a sale in another one is exchanged at the rate of its day, which
 *  is kept on the line. Where that rate is missing the line is held, worth nothing yet, and is worked out once, later. */
export class Migration20261125231010_lines_settle_in_the_partners_currency extends Migration {
  override up(): void {
    this.addSql(`alter table programs add column settlement text not null default 'SALE'
      constraint programs_settlement check (settlement in ('SALE', 'PARTNER'))`);
    this.addSql(`alter table commissions add column sale_minor bigint null, add column sale_currency text null,
      add column exchange jsonb null, add column unrated jsonb null`);
    this.addSql(`alter table commissions
      add constraint commissions_sale check (num_nonnulls(sale_minor, sale_currency) in (0, 2) and (sale_currency is null or sale_currency <> amount_currency)),
      add constraint commissions_exchanged check ((sale_currency is null) = (exchange is null and unrated is null) and num_nonnulls(exchange, unrated) <= 1
        and (exchange is null or base_currency = amount_currency)),
      add constraint commissions_unrated check (unrated is null or (amount_minor = 0 and base_minor = 0 and computation is null and status in ('PENDING', 'HELD', 'REJECTED')))`);
    this.addSql(`create index commissions_unrated on commissions (tenant_id, id) where unrated is not null and status = 'HELD'`);

    // What a line is worth is worked out once: when it is made, or when its exchange rate is there.
    this.addSql(`create or replace function commission_may_change() returns trigger language plpgsql ${AS_OWNER} as $$
      declare rated boolean := old.unrated is not null and new.unrated is null and old.status = 'HELD' and new.status = 'HELD' and new.exchange is not null;
      begin
        if (new.id, new.tenant_id, new.partner_id, new.customer_id, new.referral_id, new.conversion_id, new.reverses_id, new.type,
            new.base_currency, new.amount_currency, new.revenue_minor, new.occurred_at, new.created_by, new.sale_minor, new.sale_currency)
           is distinct from
           (old.id, old.tenant_id, old.partner_id, old.customer_id, old.referral_id, old.conversion_id, old.reverses_id, old.type,
            old.base_currency, old.amount_currency, old.revenue_minor, old.occurred_at, old.created_by, old.sale_minor, old.sale_currency)
          or not rated and
           (new.method, new.base_minor, new.rate_bps, new.per_unit_minor, new.quantity, new.rounding_mode, new.amount_minor, new.exchange, new.unrated)
           is distinct from
           (old.method, old.base_minor, old.rate_bps, old.per_unit_minor, old.quantity, old.rounding_mode, old.amount_minor, old.exchange, old.unrated) then
          raise exception 'a commission line never changes: only its status moves' using errcode = 'integrity_constraint_violation';
        end if;
        if new.status = old.status then return new; end if;
        if (old.status, new.status) not in (('PENDING', 'APPROVED'), ('PENDING', 'REJECTED'), ('PENDING', 'REVERSED'), ('PENDING', 'HELD'),
            ('HELD', 'PENDING'), ('HELD', 'REJECTED'), ('HELD', 'REVERSED'), ('APPROVED', 'REJECTED'), ('APPROVED', 'REVERSED')) then
          raise exception 'a commission does not move from % to %', old.status, new.status using errcode = 'integrity_constraint_violation';
        end if;
        if new.unrated is not null and new.status not in ('HELD', 'REJECTED') then
          raise exception 'a commission without its exchange rate stays held' using errcode = 'integrity_constraint_violation';
        end if;
        if new.status in ('PENDING', 'APPROVED') and is_held(old.id) then
          raise exception 'a commission with an open hold stays held' using errcode = 'integrity_constraint_violation';
        end if;
        if new.status = 'HELD' and not is_held(old.id) then
          raise exception 'a commission is held by a hold' using errcode = 'integrity_constraint_violation';
        end if;
        if old.status = 'APPROVED' and exists (select from payout_items where commission_id = old.id and voided_at is null) then
          raise exception 'a commission in a payout does not move' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`
      create or replace function computation_stays() returns trigger language plpgsql as $$
      begin
        if (new.product, new.country, new.line_number, new.adjusts_id, new.order_id, new.stated_by)
            is distinct from (old.product, old.country, old.line_number, old.adjusts_id, old.order_id, old.stated_by)
          or old.unrated is null and (new.rule_id, new.computation) is distinct from (old.rule_id, old.computation) then
          raise exception 'a commission line never changes: only its status moves' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`
      create or replace function hold_fits() returns trigger language plpgsql ${AS_OWNER} as $$
      begin
        if not exists (select from commissions where id = new.commission_id and partner_id = new.partner_id and reverses_id is null
            and (new.kind = 'FX') = (unrated is not null) and (amount_minor > 0 or unrated is not null)
            and (status in ('PENDING', 'HELD') or (status = 'APPROVED' and new.kind = 'DISPUTE'))) then
          raise exception 'a hold is on a line of the partner that is owed or may come to be' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);

    // A refund reuses its line's rate; a small one may come to nothing in the line's currency.
    this.addSql(`
      create or replace function refund_fits() returns trigger language plpgsql ${AS_OWNER} as $$
      begin
        perform 1 from commissions where id = new.reverses_id for no key update;
        if exists (
          select from commissions o
          cross join (select sum(base_minor) as base, sum(amount_minor) as amount, sum(sale_minor) as sale from commissions where reverses_id = new.reverses_id) r
          where o.id = new.reverses_id and (o.reverses_id is not null or o.partner_id <> new.partner_id
            or o.base_currency <> new.base_currency or o.amount_currency <> new.amount_currency
            or (new.sale_currency, new.exchange) is distinct from (o.sale_currency, o.exchange) or o.unrated is not null
            or new.base_minor > 0 or (new.base_minor = 0 and new.sale_minor is null) or new.sale_minor >= 0
            or -r.base > o.base_minor or -r.amount > o.amount_minor or -r.sale > o.sale_minor)) then
          raise exception 'refunds take back at most what was earned' using errcode = 'integrity_constraint_violation';
        end if;
        return null;
      end $$`);

    // Revenue counts in the currency of the sale, what was earned in that of the line.
    this.addSql(`
      create or replace function metrics_of(c commissions) returns setof metric_delta language sql stable as $$
        select c.tenant_id, c.partner_id, (c.occurred_at at time zone g.time_zone)::date, c.source, s.currency, 0::bigint, 0::bigint,
          case when s.sold and c.revenue_minor > 0 and c.line_number = 0 and c.type <> 'ADJUSTMENT' and c.status <> 'REJECTED' then 1 else 0 end::bigint, 0::bigint,
          case when not s.sold or c.status = 'REJECTED' and c.conversion_id is null then 0 else c.revenue_minor end,
          case when not s.earned or c.status = 'REJECTED' then 0 else c.amount_minor end, 0::bigint
        from programs g cross join (values (c.amount_currency, c.sale_currency is null, true), (c.sale_currency, true, false)) s (currency, sold, earned)
        where g.tenant_id = c.tenant_id and s.currency is not null
      $$`);

    // As before, and what a program's exchange rates settle.
    const bounds = `
      own_tenant text := coalesce(current_setting('portal.tenant', true), '');
      own_partner text := coalesce(current_setting('portal.partner', true), '')`;
    const ofRow = (job: string, table: string, partner: string) => `
            when '${job}' then exists (select from ${table} r where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', ${partner}))`;
    this.addSql(`
      create or replace function enqueue_job(job text, payload json, key text, delay_seconds float8) returns void
      language plpgsql ${AS_OWNER} as $$
      declare ${bounds};
        about text := payload->>case job
          when 'send_payout' then 'payoutId' when 'check_logo' then 'partnerId' when 'send_invitation' then 'invitationId'
          when 'export_person' then 'exportId' when 'forget_clicks' then 'erasureId'
          when 'recalculate_metrics' then 'tenantId' when 'evaluate_tiers' then 'tenantId' when 'rate_lines' then 'tenantId' end;
      begin
        if own_tenant <> '*' and not (key = job || ':' || about and case job${[
          ofRow('send_payout', 'payouts', 'r.partner_id::text'),
          ofRow('check_logo', 'partners', 'r.id::text'),
          ofRow('send_invitation', 'invitations', 'r.partner_id::text'),
          ofRow('export_person', 'person_exports', `''`),
          ofRow('forget_clicks', 'erasures', `''`),
        ].join('')}
            when 'recalculate_metrics' then about = own_tenant and own_partner = ''
            when 'evaluate_tiers' then about = own_tenant and own_partner = ''
            when 'rate_lines' then about = own_tenant and own_partner = ''
            else false end) is true then
          raise exception 'the session may not start this job' using errcode = 'insufficient_privilege';
        end if;
        perform graphile_worker.add_job(job, payload,
          run_at := now() + delay_seconds * interval '1 second', job_key := key, max_attempts := 25);
      end $$`);
  }
}
