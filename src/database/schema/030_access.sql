-- Members, sessions and API keys.

create table members (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid not null,
  issuer      text,
  subject     text,
  email       text not null,
  name        text not null,
  role        text not null,
  status      text not null,
  invited_by  text not null,
  accepted_at timestamptz(3),
  removed_at  timestamptz(3),
  primary key (id, tenant_id),
  constraint members_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint members_role_check check (role in ('OWNER', 'MANAGER', 'FINANCE', 'READ_ONLY')),
  constraint members_status_check check (status in ('INVITED', 'ACTIVE', 'REMOVED')),
  constraint members_who check (
    status <> 'ACTIVE' or issuer is not null and subject is not null and accepted_at is not null
  ),
  constraint members_removed check ((status = 'REMOVED') = (removed_at is not null))
);
comment on table members is
  'Members: people of a partner who may sign in.';
create unique index members_one_partner_each on members (issuer, subject, tenant_id) where status = 'ACTIVE';
create index members_partner on members (partner_id, id);
create index members_subject on members (subject, partner_id) where removed_at is null;
create index members_tenant on members (tenant_id, id);
create unique index members_one_each_email on members (partner_id, lower(email), tenant_id) where status <> 'REMOVED';

create table invitations (
  id          uuid not null,
  tenant_id   text not null,
  created_at  timestamptz(3) not null default now(),
  partner_id  uuid not null,
  member_id   uuid not null,
  nonce       text not null,
  token_hash  text not null,
  expires_at  timestamptz(3) not null,
  sent_at     timestamptz(3),
  used_at     timestamptz(3),
  canceled_at timestamptz(3),
  primary key (id, tenant_id),
  constraint invitations_token unique (token_hash, tenant_id),
  constraint invitations_member_id foreign key (tenant_id, member_id)
    references members (tenant_id, id) deferrable initially deferred,
  constraint invitations_hash check (token_hash ~ '^[0-9a-f]{64}$'),
  constraint invitations_one_end check (used_at is null or canceled_at is null)
);
comment on table invitations is
  'Links that invite members. Only the hash of a link is stored.';
create index invitations_member on invitations (member_id);
create unique index invitations_one_link_each on invitations (member_id, tenant_id)
  where used_at is null and canceled_at is null;

create table api_keys (
  id                   uuid not null,
  tenant_id            text not null,
  created_at           timestamptz(3) not null default now(),
  partner_id           uuid,
  name                 text not null,
  prefix               text not null,
  secret_hash          text not null,
  previous_secret_hash text,
  scopes               text[] not null,
  expires_at           timestamptz(3) not null,
  rotated_at           timestamptz(3),
  overlap_ends_at      timestamptz(3),
  revoked_at           timestamptz(3),
  last_used_at         timestamptz(3),
  created_by           text not null,
  seen_by              text[] not null,
  primary key (id, tenant_id),
  constraint api_keys_prefix unique (prefix, tenant_id),
  constraint api_keys_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint api_keys_hash check (secret_hash ~ '^[0-9a-f]{64}$'),
  constraint api_keys_scopes check (
    cardinality(scopes) > 0
      and scopes <@ array['READ', 'CREATE_PARTNERS', 'EDIT_PARTNERS', 'CONVERT_REFERRALS', 'CREATE_COMMISSIONS']
      and (partner_id is null or scopes <@ array['READ', 'EDIT_PARTNERS'])
  ),
  constraint api_keys_overlap check ((previous_secret_hash is null) = (overlap_ends_at is null))
);
comment on table api_keys is
  'API keys of partners and of a tenant''s servers. Only the hash of a secret is stored. seen_by lists the actors that saw the secret. Each of them could use the key and may not approve items that the key created.';
create index api_keys_tenant on api_keys (tenant_id, id);
create index api_keys_partner on api_keys (partner_id, id) where partner_id is not null;

create table signed_out_tokens (
  fingerprint   text not null,
  signed_out_at timestamptz(3) not null default now(),
  primary key (fingerprint),
  constraint signed_out_tokens_fingerprint_shape check (fingerprint ~ '^[A-Za-z0-9_-]{43}$')
);
comment on table signed_out_tokens is
  'Fingerprints of access tokens that were signed out. A fingerprint does not identify a person, so the table has no tenant.';
create index signed_out_tokens_signed_out_at on signed_out_tokens (signed_out_at);
