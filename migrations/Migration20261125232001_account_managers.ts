import { Migration } from '@mikro-orm/migrations';

/** Who of the staff looks after partners, and who looked after whom, from when until when. A partner's session sees who
 *  looks or looked after it and nobody else of the roster. */
export class Migration20261125232001_account_managers extends Migration {
  override up(): void {
    this.addSql(`
      create table account_managers (
        id uuid primary key, tenant_id text not null references programs (tenant_id), created_at timestamptz(3) not null default now(),
        name text not null, email text not null, added_by text not null, ended_at timestamptz(3) null, ended_by text null,
        constraint account_managers_tenant_id_id unique (tenant_id, id),
        constraint account_managers_ended check ((ended_at is null) = (ended_by is null)))`);
    this.addSql(`create unique index account_managers_email on account_managers (tenant_id, lower(email)) where ended_at is null`);
    this.addSql(`
      create table manager_assignments (
        id uuid primary key, tenant_id text not null, created_at timestamptz(3) not null default now(), partner_id uuid not null,
        manager_id uuid not null, assigned_at timestamptz(3) not null, assigned_by text not null, reason text null,
        ended_at timestamptz(3) null, ended_by text null,
        constraint manager_assignments_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id) deferrable initially deferred,
        constraint manager_assignments_manager_id foreign key (tenant_id, manager_id) references account_managers (tenant_id, id) deferrable initially deferred,
        constraint manager_assignments_ended check ((ended_at is null) = (ended_by is null)))`);
    this.addSql(`create unique index manager_assignments_one_open on manager_assignments (partner_id) where ended_at is null`);
    this.addSql(`create index manager_assignments_of_manager on manager_assignments (manager_id) where ended_at is null`);
    this.addSql(`create index manager_assignments_history on manager_assignments (partner_id, assigned_at)`);

    this.addSql(`select protect('manager_assignments', 'select, insert, update', 'partner_id')`);
    this.addSql(`select protect('account_managers', 'select, insert, update')`);
    const staff = `coalesce(current_setting('portal.partner', true), '') = ''`;
    for (const table of ['manager_assignments', 'account_managers']) {
      this.addSql(`create policy staff_inserts on ${table} as restrictive for insert to partner_portal_api with check (${staff})`);
      this.addSql(`create policy staff_changes on ${table} as restrictive for update to partner_portal_api using (${staff})`);
      this.addSql(`create policy staff_deletes on ${table} as restrictive for delete to partner_portal_api using (${staff})`);
    }
    this.addSql(`create policy of_staff_or_own on account_managers as restrictive for select to partner_portal_api
      using (${staff} or exists (select from manager_assignments a where a.manager_id = account_managers.id))`);
  }
}
