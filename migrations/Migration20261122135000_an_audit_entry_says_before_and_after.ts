import { Migration } from '@mikro-orm/migrations';

/** An entry says what was and what is, why, with which credential and whom it concerns. What it says of a person stands
 *  apart, where it can be erased while the entry keeps the hash of it. */
export class Migration20261122135000_an_audit_entry_says_before_and_after extends Migration {
  override up(): void {
    this.addSql(`alter table audit_events rename column details to after`);
    this.addSql(`alter table audit_events alter column after drop not null, alter column subject_id drop not null,
      add column before jsonb, add column reason text, add column credential text not null default 'TOKEN',
      add column partner_id uuid, add column subjects uuid[] not null default '{}', add column personal_hash text`);
    // Entries of before: in today's form, and without what could not be erased from them.
    this.addSql(`alter table audit_events disable trigger append_only`);
    this.addSql(`
      update audit_events set
        before = case when jsonb_typeof(after -> 'before') = 'object' then after -> 'before' end,
        after = case when jsonb_typeof(after -> 'after') = 'object' then after -> 'after' else after end,
        reason = after ->> 'reason',
        credential = case when actor_role in ('SYSTEM', 'ANONYMOUS') then 'NONE' else 'TOKEN' end,
        partner_id = case when action like 'partner.%' then subject_id end,
        subject_id = nullif(subject_id, '00000000-0000-0000-0000-000000000000')`);
    this.addSql(`
      update audit_events set before = before - personal, after = after - personal
      from (values (array['companyName', 'contactName', 'email', 'metadata'])) of_persons (personal)
      where jsonb_exists_any(before, personal) or jsonb_exists_any(after, personal)`);
    this.addSql(`alter table audit_events enable trigger append_only`);
    this.addSql(`alter table audit_events alter column credential drop default, alter column subjects drop default`);
    this.addSql(`create index audit_events_partner on audit_events (partner_id, id) where partner_id is not null`);
    this.addSql(`create index audit_events_subjects on audit_events using gin (subjects) where subjects <> '{}'`);

    this.addSql(`
      create table audit_personal (
        event_id uuid primary key references audit_events deferrable initially deferred,
        tenant_id text not null, partner_id uuid, data jsonb not null, salt text not null)`);
    this.addSql(`create index audit_personal_partner on audit_personal (tenant_id, partner_id)`);
    this.addSql(`create trigger never_changed before update on audit_personal for each row execute function refuse_change()`);
    this.addSql(`create trigger never_emptied before truncate on audit_personal execute function refuse_change()`);
    this.addSql(`select protect('audit_personal', 'select, insert')`);

    // The API may erase what entries say of a person, and nothing else of them.
    this.addSql(`
      create function erase_audit_personal(tenant text, partner uuid) returns bigint
      language sql security definer set search_path = public, pg_temp as $$
        with erased as (delete from audit_personal where tenant_id = tenant and partner_id = partner returning 1)
        select count(*) from erased
      $$`);
    this.addSql(`revoke execute on function erase_audit_personal from public`);
    this.addSql(`grant execute on function erase_audit_personal to partner_portal_api`);
  }
}
