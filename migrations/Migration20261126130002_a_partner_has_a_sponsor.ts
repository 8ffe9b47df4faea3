import { Migration } from '@mikro-orm/migrations';

/** Who brought a partner into the program, from when until when. Nobody sponsors itself, over however many hops (DOMAIN section 9). */
export class Migration20261126130002_a_partner_has_a_sponsor extends Migration {
  override up(): void {
    this.addSql(`
      create table sponsorships (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null,
        sponsor_id uuid not null, assigned_at timestamptz(3) not null, assigned_by text not null, reason text not null,
        ended_at timestamptz(3) null, ended_by text null,
        constraint sponsorships_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint sponsorships_sponsor_id foreign key (tenant_id, sponsor_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint sponsorships_not_itself check (partner_id <> sponsor_id),
        constraint sponsorships_ended check ((ended_at is null) = (ended_by is null)))`);
    this.addSql(`create unique index sponsorships_one_open on sponsorships (partner_id) where ended_at is null`);
    this.addSql(`create index sponsorships_of_sponsor on sponsorships (sponsor_id) where ended_at is null`);
    this.addSql(`create index sponsorships_history on sponsorships (partner_id, assigned_at)`);
    this.addSql(`select protect('sponsorships', 'select, insert, update', 'partner_id')`);
    this.addSql(`
      create policy staff_only on sponsorships as restrictive to partner_portal_api
      using (coalesce(current_setting('portal.partner', true), '') = '') with check (coalesce(current_setting('portal.partner', true), '') = '')`);

    this.addSql(`
      create function sponsors_take_turns(tenant text) returns void language sql volatile as $$
        select pg_advisory_xact_lock(hashtextextended('sponsors:' || tenant, 0))
      $$`);
    this.addSql(`
      create function sponsors_of(partner uuid) returns setof uuid language sql stable as $$
        with recursive above as (
          select s.sponsor_id as id from sponsorships s where s.partner_id = partner and s.ended_at is null
          union select s.sponsor_id from above join sponsorships s on s.partner_id = above.id and s.ended_at is null)
        select id from above
      $$`);
    this.addSql(`
      create function sponsors_no_cycle() returns trigger language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
      begin
        perform sponsors_take_turns(new.tenant_id);
        if new.partner_id in (select * from sponsors_of(new.sponsor_id)) then
          raise exception 'partner % sponsors its sponsor', new.partner_id using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger no_cycle before insert on sponsorships for each row execute function sponsors_no_cycle()`);
    this.addSql(`
      create function sponsorship_may_change() returns trigger language plpgsql as $$
      declare how text[] := array['ended_at', 'ended_by'];
      begin
        if old.ended_at is not null or to_jsonb(new) - how is distinct from to_jsonb(old) - how then
          raise exception 'a sponsorship ends once and never changes else' using errcode = 'integrity_constraint_violation';
        end if;
        return new;
      end $$`);
    this.addSql(`create trigger may_change before update on sponsorships for each row execute function sponsorship_may_change()`);
  }
}
