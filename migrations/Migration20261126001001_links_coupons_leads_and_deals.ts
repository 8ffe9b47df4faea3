import { Migration } from '@mikro-orm/migrations';

/** What a partner's claim to a sale can rest on beside its code: paths of its own, coupons, leads, deals and assignments. */
export class Migration20261126001001_links_coupons_leads_and_deals extends Migration {
  override up(): void {
    const ofPartner = (table: string) =>
      `constraint ${table}_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred`;
    const head = 'id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null';

    this.addSql(`
      create table tracking_links (${head}, path text not null constraint tracking_links_path_form check (path ~ '^[A-Za-z0-9][A-Za-z0-9_-]{2,63}$'),
        name text not null, target_url text, campaign text, archived_at timestamptz(3), created_by text not null, ${ofPartner('tracking_links')})`);
    this.addSql(`create unique index tracking_links_path on tracking_links (upper(path))`);
    this.addSql(`create index tracking_links_partner on tracking_links (partner_id, id)`);

    // Codes and paths are one space over all tenants: who takes a word of it waits for whoever takes it at the same time.
    this.addSql(`
      create function word_is_free() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      declare word text := upper(to_jsonb(new)->>tg_argv[0]);
      begin
        perform pg_advisory_xact_lock(hashtextextended('code:' || word, 0));
        if (tg_table_name = 'partners' and exists (select from tracking_links where upper(path) = word))
          or (tg_table_name = 'tracking_links' and exists (select from partners where referral_code = word)) then
          raise unique_violation using message = 'the path is taken', constraint = 'tracking_links_path';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger word_is_free before insert or update of path on tracking_links for each row execute function word_is_free('path')`);
    this.addSql(`create trigger word_is_free before insert or update of referral_code on partners for each row execute function word_is_free('referral_code')`);
    this.addSql(`
      create or replace function is_taken(code text) returns boolean language plpgsql
      security definer set search_path = pg_catalog, public, pg_temp as $$ begin
        return exists (select from partners where referral_code = code) or exists (select from tracking_links where upper(path) = upper(code)); end $$`);

    this.addSql(`
      create table coupons (${head}, code text not null, starts_at timestamptz(3) not null, ends_at timestamptz(3), max_uses integer,
        uses integer not null default 0, ended_at timestamptz(3), created_by text not null,
        constraint coupons_uses check (uses >= 0 and (max_uses is null or uses <= max_uses)),
        constraint coupons_window check (ends_at is null or ends_at > starts_at), ${ofPartner('coupons')})`);
    this.addSql(`create unique index coupons_code on coupons (tenant_id, upper(code))`);
    this.addSql(`create index coupons_partner on coupons (partner_id, id)`);

    this.addSql(`
      create table leads (${head}, company text not null, contact_name text, email text, notes text, submitted_by text not null,
        status text not null default 'SUBMITTED' constraint leads_status check (status in ('SUBMITTED', 'ACCEPTED', 'REJECTED', 'CONVERTED')),
        decided_at timestamptz(3), decided_by text, reason text, referral_id uuid,
        constraint leads_rejected check (status <> 'REJECTED' or reason is not null), ${ofPartner('leads')})`);
    this.addSql(`create index leads_partner on leads (partner_id, id)`);
    this.addSql(`create index leads_tenant on leads (tenant_id, id)`);

    this.addSql(`
      create table deals (${head}, company text not null, domain text, email text, registered_by text not null,
        registered_at timestamptz(3) not null, expires_at timestamptz(3) not null, closed_at timestamptz(3), referral_id uuid,
        constraint deals_named check (domain is not null or email is not null),
        constraint deals_window check (expires_at > registered_at), ${ofPartner('deals')})`);
    // First registered, first served. Those whose time is over are closed before another one is let in.
    this.addSql(`create unique index deals_one_live_domain on deals (tenant_id, domain) where closed_at is null and domain is not null`);
    this.addSql(`create unique index deals_one_live_email on deals (tenant_id, email) where closed_at is null and email is not null`);
    this.addSql(`create index deals_partner on deals (partner_id, id)`);

    this.addSql(`
      create table customer_assignments (${head}, customer_id uuid not null, reason text not null, assigned_by text not null, assigned_at timestamptz(3) not null,
        ${ofPartner('customer_assignments')},
        constraint customer_assignments_customer_id foreign key (tenant_id, customer_id) references customers (tenant_id, id) deferrable initially deferred)`);
    this.addSql(`create index customer_assignments_customer on customer_assignments (customer_id, id)`);
    this.addSql(`create trigger append_only before update or delete on customer_assignments for each row execute function refuse_change()`);

    // What a browser says of a sale. It makes no money: only a server's word does.
    this.addSql(`
      create table reported_conversions (id uuid primary key, tenant_id text not null references programs (tenant_id),
        created_at timestamptz(3) not null default now(), partner_id uuid, referral_id uuid, order_id text not null, coupon text, amount text, currency text,
        reported_at timestamptz(3) not null)`);
    this.addSql(`create unique index reported_conversions_order on reported_conversions (tenant_id, order_id, coalesce(referral_id, '00000000-0000-0000-0000-000000000000'))`);

    const staffOnly = (table: string) => {
      for (const [command, clause] of [['insert', 'with check'], ['update', 'using'], ['delete', 'using']])
        this.addSql(`create policy staff_${{ insert: 'inserts', update: 'changes', delete: 'deletes' }[command as 'insert']} on ${table} as restrictive
          for ${command} to partner_portal_api ${clause} (coalesce(current_setting('portal.partner', true), '') = '')`);
    };
    this.addSql(`select protect('tracking_links', 'select, insert, update', 'partner_id')`);
    this.addSql(`select protect('coupons', 'select, insert, update', 'partner_id')`);
    staffOnly('coupons');
    this.addSql(`select protect('leads', 'select, insert, update', 'partner_id')`);
    this.addSql(`select protect('deals', 'select, insert, update', 'partner_id')`);
    this.addSql(`select protect('customer_assignments', 'select, insert', 'partner_id')`);
    staffOnly('customer_assignments');
    this.addSql(`select protect('reported_conversions', 'select, insert', 'partner_id')`);
    staffOnly('reported_conversions');
    // A partner hands leads in; what becomes of them is decided by staff. It closes its own deals, and no more.
    this.addSql(`create policy staff_changes on leads as restrictive for update to partner_portal_api
      using (coalesce(current_setting('portal.partner', true), '') = '')`);
    // Whether a prospect is somebody's already: not whose, and for the caller's tenant alone.
    this.addSql(`
      create function live_deal_until(tenant text, of_domain text, of_email text, at timestamptz) returns timestamptz
      language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      begin
        if current_setting('portal.tenant', true) not in (tenant, '*') then return null; end if;
        perform pg_advisory_xact_lock(hashtextextended('deals:' || tenant, 0));
        update deals set closed_at = expires_at where tenant_id = tenant and closed_at is null and expires_at <= at;
        return (select max(expires_at) from deals where tenant_id = tenant and closed_at is null and (domain = of_domain or email = of_email));
      end $$`);
    // What was said of persons who may have bought nothing goes after its time; that somebody was named stays.
    this.addSql(`
      create function forget_prospects(older_than timestamptz) returns bigint
      language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      declare gone bigint; total bigint := 0;
      begin
        if coalesce(current_setting('portal.tenant', true), '') <> '*' then
          raise exception 'the session may not forget the prospects of all' using errcode = 'insufficient_privilege';
        end if;
        update leads set contact_name = null, email = null, notes = null
        where created_at < older_than and (contact_name is not null or email is not null or notes is not null);
        get diagnostics gone = row_count; total := total + gone;
        update deals set email = 'erased+' || id || '@invalid', closed_at = coalesce(closed_at, expires_at)
        where expires_at < older_than and email is not null and email not like 'erased+%';
        get diagnostics gone = row_count; total := total + gone;
        delete from reported_conversions where created_at < older_than;
        get diagnostics gone = row_count;
        return total + gone;
      end $$`);
    for (const name of ['live_deal_until', 'forget_prospects']) {
      this.addSql(`revoke execute on function ${name} from public`);
      this.addSql(`grant execute on function ${name} to partner_portal_api`);
    }
  }
}
