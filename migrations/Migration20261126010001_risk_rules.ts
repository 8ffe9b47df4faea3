import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';
const STAFF = `coalesce(current_setting('portal.partner', true), '') = ''`;

/** What a program's risk rules say of its lines, and what somebody decided on it. A partner sees nothing of it: telling
 *  would teach how to pass. */
export class Migration20261126010001_risk_rules extends Migration {
  override up(): void {
    this.addSql(`alter table programs add column fraud jsonb null`);

    // One spelling of all addresses that reach the same mailbox; domain/fraud.ts says the same (normalEmail).
    this.addSql(`
      create function normal_email(email text) returns text language sql immutable strict parallel safe as $$
        select case when host is null then whole else
          coalesce(nullif(case host when 'gmail.com' then replace(bare, '.', '') else bare end, ''), bare) || '@' || host end
        from (select whole, case when host = 'googlemail.com' then 'gmail.com' else host end as host,
            case when position('+' in local) > 1 then split_part(local, '+', 1) else local end as bare
          from (select whole, substring(whole from '^(.+)@[^@]*$') as local,
              case when whole ~ '^.+@[^@]*$' then substring(whole from '@([^@]*)$') end as host
            from (select lower(btrim(email, E' \\t\\n\\r')) as whole) w) p) n
      $$`);

    this.addSql(`
      create table fraud_reviews (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null,
        commission_id uuid null, customer_id uuid null, referral_id uuid null, hold_id uuid null references commission_holds (id),
        outcome text not null, score int not null, shadow_score int not null, threshold int not null,
        amount_minor bigint not null, amount_currency text not null, assessed_at timestamptz(3) not null,
        decision text null, decided_by text null, decided_at timestamptz(3) null, reason text null,
        constraint fraud_reviews_tenant_id_id unique (tenant_id, id),
        constraint fraud_reviews_outcome check (outcome in ('NOTED', 'WOULD_HOLD', 'HELD', 'BLOCKED')),
        constraint fraud_reviews_line check ((commission_id is null) = (outcome = 'BLOCKED')),
        constraint fraud_reviews_hold check ((hold_id is not null) = (outcome = 'HELD')),
        constraint fraud_reviews_score check (0 <= score and score <= shadow_score and shadow_score <= 100),
        constraint fraud_reviews_decision check (decision in ('RELEASED', 'FRAUD')),
        constraint fraud_reviews_decided check (num_nulls(decision, decided_by, decided_at, reason) in (0, 4)),
        constraint fraud_reviews_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint fraud_reviews_commission_id foreign key (tenant_id, commission_id) references commissions (tenant_id, id) deferrable initially deferred)`);
    this.addSql(
      `create unique index fraud_reviews_one_each_line on fraud_reviews (commission_id) where commission_id is not null`,
    );
    this.addSql(`create index fraud_reviews_of_tenant on fraud_reviews (tenant_id, id)`);
    this.addSql(`create index fraud_reviews_open on fraud_reviews (tenant_id, id) where decision is null and outcome = 'HELD'`);
    this.addSql(`create index fraud_reviews_assessed on fraud_reviews (tenant_id, assessed_at)`);
    this.addSql(`create index fraud_reviews_of_partner on fraud_reviews (partner_id, id)`);
    this.addSql(`create index fraud_reviews_of_customer on fraud_reviews (customer_id) where customer_id is not null`);
    this.addSql(`
      create table fraud_hits (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), review_id uuid not null,
        rule text not null, mode text not null, weight int not null, evidence jsonb null,
        constraint fraud_hits_mode check (mode in ('SHADOW', 'HOLD', 'BLOCK')),
        constraint fraud_hits_weight check (weight between 1 and 100),
        constraint fraud_hits_once unique (review_id, rule),
        constraint fraud_hits_review_id foreign key (tenant_id, review_id) references fraud_reviews (tenant_id, id))`);
    this.addSql(`create index fraud_hits_with_evidence on fraud_hits (created_at) where evidence is not null`);
    this.addSql(`
      create table fraud_list_entries (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        list text not null, customer_id uuid null references customers (id), domain text null, reason text not null, added_by text not null,
        removed_at timestamptz(3) null, removed_by text null,
        constraint fraud_list_entries_list check (list in ('ALLOWED_CUSTOMER', 'BLOCKED_CUSTOMER', 'DISPOSABLE_DOMAIN', 'FREE_MAIL_DOMAIN')),
        constraint fraud_list_entries_names_one check (num_nonnulls(customer_id, domain) = 1
          and (list like '%CUSTOMER' or domain is not null)),
        constraint fraud_list_entries_removed check ((removed_at is null) = (removed_by is null)))`);
    this.addSql(`create unique index fraud_list_entries_once on fraud_list_entries (tenant_id, list, coalesce(customer_id::text, domain))
      where removed_at is null`);
    // What customers paid with, as a keyed hash of what the payment provider calls it.
    this.addSql(`
      create table payment_fingerprints (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), customer_id uuid not null,
        fingerprint text not null, seen_at timestamptz(3) not null,
        constraint payment_fingerprints_once unique (customer_id, fingerprint),
        constraint payment_fingerprints_customer foreign key (customer_id) references customers (id))`);
    this.addSql(`create index payment_fingerprints_seen on payment_fingerprints (seen_at)`);
    this.addSql(`create index payment_fingerprints_same on payment_fingerprints (tenant_id, fingerprint)`);
    this.addSql(`create index referrals_bought_from on referrals (tenant_id, ip_hash, converted_at)
      where converted_at is not null and ip_hash is not null`);

    for (const table of ['fraud_reviews', 'fraud_hits', 'fraud_list_entries']) {
      this.addSql(`create trigger never_deleted before delete on ${table} for each row execute function refuse_change()`);
      this.addSql(`create trigger never_emptied before truncate on ${table} execute function refuse_change()`);
    }
    this.addSql(`
      create function fraud_may_change() returns trigger language plpgsql as $$
      begin
        if to_jsonb(new) - 'evidence' is distinct from to_jsonb(old) - 'evidence' or new.evidence is not null then
          raise exception 'what a rule saw never changes: it is only forgotten' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on fraud_hits for each row execute function fraud_may_change()`);
    this.addSql(`
      create function review_may_change() returns trigger language plpgsql as $$
      declare how text[] := array['decision', 'decided_by', 'decided_at', 'reason'];
      begin
        if old.decision is not null or to_jsonb(new) - how is distinct from to_jsonb(old) - how then
          raise exception 'a review is decided once and never changes else' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on fraud_reviews for each row execute function review_may_change()`);

    // Nobody earns on what it buys itself, where the program blocks that: however the line comes to be.
    this.addSql(`
      create function buys_from_itself(partner uuid, customer uuid, by_user boolean, by_email boolean) returns boolean
      language sql stable ${AS_OWNER} as $$
        select exists (
          select from customers k join partners p on p.id = partner
          left join members m on m.partner_id = p.id and m.removed_at is null
          where k.id = customer and (
            by_user and k.external_id in (p.id::text, m.id::text, m.subject)
            or by_email and normal_email(k.email) in (normal_email(p.email), normal_email(m.email)))
            and not exists (select from fraud_list_entries a where a.tenant_id = k.tenant_id and a.list = 'ALLOWED_CUSTOMER' and a.removed_at is null
              and (a.customer_id = k.id or a.domain = substring(normal_email(k.email) from '@([^@]*)$'))))
      $$`);
    this.addSql(`revoke execute on function buys_from_itself from public`);
    this.addSql(`
      create function earns_not_on_itself() returns trigger language plpgsql ${AS_OWNER} as $$
      declare rules jsonb := (select fraud->'rules' from programs where tenant_id = new.tenant_id);
      begin
        if rules is null then return new; end if;
        if (rules->'SAME_USER'->>'mode' = 'BLOCK' or rules->'SAME_EMAIL'->>'mode' = 'BLOCK') and buys_from_itself(new.partner_id, new.customer_id,
            coalesce(rules->'SAME_USER'->>'mode' = 'BLOCK', false), coalesce(rules->'SAME_EMAIL'->>'mode' = 'BLOCK', false)) then
          raise exception 'a partner earns nothing on what it buys itself' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger not_on_itself before insert on commissions for each row
      when (new.customer_id is not null and new.reverses_id is null and new.adjusts_id is null) execute function earns_not_on_itself()`);

    this.addSql(`select protect('fraud_reviews', 'select, insert, update', 'partner_id')`);
    for (const [table, rights] of [
      ['fraud_hits', 'select, insert, update'],
      ['fraud_list_entries', 'select, insert, update'],
      ['payment_fingerprints', 'select, insert, update, delete'],
    ])
      this.addSql(`select protect('${table}', '${rights}')`);
    for (const table of ['fraud_reviews', 'fraud_hits', 'fraud_list_entries', 'payment_fingerprints'])
      this.addSql(`create policy staff_only on ${table} as restrictive to partner_portal_api using (${STAFF}) with check (${STAFF})`);
  }
}
