import { Migration } from '@mikro-orm/migrations';

/** Keys of partners and of a tenant's servers. Of a secret the database knows the hash alone. */
export class Migration20261122132001_api_keys extends Migration {
  override up(): void {
    this.addSql(`
      create table api_keys (
        id uuid primary key,
        tenant_id text not null references programs (tenant_id),
        created_at timestamptz(3) not null default now(),
        partner_id uuid,
        name text not null,
        prefix text not null constraint api_keys_prefix unique,
        secret_hash text not null constraint api_keys_hash check (secret_hash ~ '^[0-9a-f]{64}$'),
        previous_secret_hash text,
        scopes text[] not null constraint api_keys_scopes check (cardinality(scopes) > 0
          and scopes <@ array['READ', 'CREATE_PARTNERS', 'EDIT_PARTNERS', 'CONVERT_REFERRALS', 'CREATE_COMMISSIONS']
          and (partner_id is null or scopes <@ array['READ', 'EDIT_PARTNERS'])),
        expires_at timestamptz(3) not null,
        rotated_at timestamptz(3),
        overlap_ends_at timestamptz(3),
        revoked_at timestamptz(3),
        last_used_at timestamptz(3),
        created_by text not null,
        constraint api_keys_partner_id foreign key (tenant_id, partner_id) references partners (tenant_id, id)
          deferrable initially deferred,
        constraint api_keys_overlap check ((previous_secret_hash is null) = (overlap_ends_at is null))
      )`);
    this.addSql(`create index api_keys_tenant on api_keys (tenant_id, id)`);
    this.addSql(`create index api_keys_partner on api_keys (partner_id, id) where partner_id is not null`);
    this.addSql(`create trigger never_deleted before delete on api_keys for each row execute function refuse_change()`);
    this.addSql(`select protect('api_keys', 'select, insert, update', 'partner_id')`);
  }
}
