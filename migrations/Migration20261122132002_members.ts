import { Migration } from '@mikro-orm/migrations';

/** The people of partners, and the links that invite them. Of a link the database knows the hash alone. */
export class Migration20261122132002_members extends Migration {
  override up(): void {
    this.addSql(`
      create table members (
        id uuid primary key,
        tenant_id text not null references programs (tenant_id),
        created_at timestamptz(3) not null default now(),
        partner_id uuid not null,
        issuer text,
        subject text,
        email text not null,
        name text not null,
        role text not null constraint members_role_check check (role in ('OWNER', 'MANAGER', 'FINANCE', 'READ_ONLY')),
        status text not null constraint members_status_check check (status in ('INVITED', 'ACTIVE', 'REMOVED')),
        invited_by text not null,
        accepted_at timestamptz(3),
        removed_at timestamptz(3),
        constraint members_tenant_id_id unique (tenant_id, id),
        constraint members_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id)
          deferrable initially deferred,
        constraint members_who check (status <> 'ACTIVE' or (issuer is not null and subject is not null and accepted_at is not null)),
        constraint members_removed check ((status = 'REMOVED') = (removed_at is not null))
      )`);
    this.addSql(`create unique index members_one_each_email on members (partner_id, lower(email)) where status <> 'REMOVED'`);
    this.addSql(`create unique index members_one_partner_each on members (issuer, subject, tenant_id) where status = 'ACTIVE'`);
    this.addSql(`create index members_partner on members (partner_id, id)`);

    this.addSql(`
      create table invitations (
        id uuid primary key,
        tenant_id text not null,
        created_at timestamptz(3) not null default now(),
        partner_id uuid not null,
        member_id uuid not null,
        nonce text not null,
        token_hash text not null constraint invitations_token unique
          constraint invitations_hash check (token_hash ~ '^[0-9a-f]{64}$'),
        expires_at timestamptz(3) not null,
        sent_at timestamptz(3),
        used_at timestamptz(3),
        canceled_at timestamptz(3),
        constraint invitations_member_id foreign key (tenant_id, member_id) references members (tenant_id, id)
          deferrable initially deferred,
        constraint invitations_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id)
          deferrable initially deferred,
        constraint invitations_one_end check (used_at is null or canceled_at is null)
      )`);
    this.addSql(`create unique index invitations_one_link_each on invitations (member_id) where used_at is null and canceled_at is null`);
    this.addSql(`create index invitations_member on invitations (member_id)`);
    this.addSql(`select protect('members', 'select, insert, update', 'partner_id')`);
    this.addSql(`select protect('invitations', 'select, insert, update', 'partner_id')`);
  }
}
