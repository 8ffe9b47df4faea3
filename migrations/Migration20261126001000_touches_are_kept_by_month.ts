import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** Every click is a touch, with all that attribution asks of it; touches stand in a table a month, which goes as a whole when
 *  its visitors are to be forgotten. A click that counts is a referral too, under the same id: references, lists and figures
 *  keep to that one, so that no month that goes takes a reference or a count along. */
export class Migration20261126001000_touches_are_kept_by_month extends Migration {
  override up(): void {
    this.addSql(`alter table programs
      add column landing_hosts text[] not null default '{}',
      add column landing_url text,
      add column tracking_consent text not null default 'NOT_NEEDED' constraint programs_tracking_consent check (tracking_consent in ('NOT_NEEDED', 'REQUIRED'))`);

    // What a partner's claim to a sale rests on, where it is no click; such a referral is no click in any figure.
    this.addSql(`alter table referrals
      add column origin text not null default 'CLICK' constraint referrals_origin
        check (origin in ('CLICK', 'COUPON', 'LEAD', 'DEAL', 'ASSIGNMENT', 'CUSTOMER', 'REPEAT')),
      add column bot boolean not null default false`);
    this.addSql(`
      create or replace function metrics_of(f referrals) returns setof metric_delta language sql stable as $$
        select f.tenant_id, f.partner_id, (f.clicked_at at time zone g.time_zone)::date, f.source, 'XXX', 1::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint
        from programs g where g.tenant_id = f.tenant_id and f.origin = 'CLICK' and not f.bot
      $$`);

    this.addSql(`
      create table touches (
        id uuid not null, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null,
        visitor_id uuid not null, clicked_at timestamptz(3) not null, code text not null, link_id uuid,
        source text not null, medium text, campaign text, subs text[] not null default '{}',
        ip_hash text, device text not null, country text, bot boolean not null,
        primary key (id, clicked_at)) partition by range (clicked_at)`);
    // A visitor's touches in time order: one index serves attribution, and the folding of a double click.
    this.addSql(`create index touches_of_visitor on touches (tenant_id, visitor_id, clicked_at, id)`);
    this.addSql(`select protect('touches', 'select, insert', 'partner_id')`);
    this.addSql(`create policy staff_inserts on touches as restrictive for insert to partner_portal_api
      with check (coalesce(current_setting('portal.partner', true), '') = '')`);

    // The months have a room of their own, to which the API has no key: it reads and writes them through their table.
    this.addSql(`create schema touches_by_month`);
    this.addSql(`create table touches_by_month.other partition of touches default`); // a click is kept, whatever its date
    this.addSql(`
      create function make_touch_months(first date, months int) returns void language plpgsql as $$
      declare month date; name text;
      begin
        for i in 0..months - 1 loop
          month := (date_trunc('month', first) + i * interval '1 month')::date;
          name := 'm' || to_char(month, 'YYYYMM');
          continue when to_regclass('touches_by_month.' || name) is not null;
          execute format('create table touches_by_month.%I (like touches including defaults including constraints)', name);
          execute format($q$with moved as (
              delete from touches_by_month.other where clicked_at >= %1$L::timestamptz and clicked_at < %2$L::timestamptz returning *)
            insert into touches_by_month.%3$I select * from moved$q$,
            month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC', name);
          execute format('alter table touches attach partition touches_by_month.%I for values from (%L) to (%L)', name,
            month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
        end loop;
      end $$`);
    this.addSql(`select make_touch_months((now() - interval '1 month')::date, 5)`);
    // Clicks wait while a month comes or goes, and it for whoever reads: not long, the job tries again.
    this.addSql(`
      create function keep_touch_months(at timestamptz, older_than timestamptz) returns int language plpgsql ${AS_OWNER} set lock_timeout = '3s' as $$
      declare month record; gone int := 0; rows int;
      begin
        if coalesce(current_setting('portal.tenant', true), '') <> '*' then
          raise exception 'the session may not end the touches of all' using errcode = 'insufficient_privilege';
        end if;
        perform pg_advisory_xact_lock(hashtextextended('touches_by_month', 0));
        perform make_touch_months(at::date, 4);
        for month in select c.relname as name from pg_class c where c.relnamespace = 'touches_by_month'::regnamespace and c.relkind = 'r'
            and c.relname ~ '^m[0-9]{6}$' and to_date(substr(c.relname, 2), 'YYYYMM') + interval '1 month' <= older_than at time zone 'UTC' loop
          execute format('alter table touches detach partition touches_by_month.%I', month.name);
          execute format('drop table touches_by_month.%I', month.name);
          gone := gone + 1;
        end loop;
        delete from touches_by_month.other where clicked_at < older_than;
        return gone;
      end $$`);
    this.addSql(`revoke execute on function make_touch_months, keep_touch_months from public`);
    this.addSql(`grant execute on function keep_touch_months to partner_portal_api`);

    // A click that forgets its visitor takes what its touch said of that visitor along.
    this.addSql(`
      create function touches_forget_too() returns trigger language plpgsql ${AS_OWNER} as $$
      begin
        update touches t set visitor_id = t.id, ip_hash = null, subs = '{}', country = null,
          code = case when t.code = o.referral_code then n.referral_code else t.code end
        from before o join after n using (id)
        where n.visitor_id = n.id and (o.visitor_id <> o.id or o.referral_code <> n.referral_code)
          and t.id = o.id and t.clicked_at = o.clicked_at;
        return null;
      end $$`);
    this.addSql(`create trigger touches_forget_too after update on referrals referencing old table as before new table as after
      for each statement execute function touches_forget_too()`);
  }
}
