-- Exports and erasures of personal data.

create table person_exports (
  id           uuid not null,
  tenant_id    text not null,
  created_at   timestamptz(3) not null default now(),
  requested_by text not null,
  persons      jsonb not null,
  public_key   text not null,
  content      text,
  ready_at     timestamptz(3),
  taken_at     timestamptz(3),
  expires_at   timestamptz(3) not null,
  primary key (id, tenant_id),
  constraint person_exports_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint person_exports_taken_once check (taken_at is null or content is null)
);
comment on table person_exports is
  'Exports of personal data. They are kept for a day, encrypted with a key that only the requester can derive.';
create index person_exports_expires_at on person_exports (expires_at);

create table erasures (
  id         uuid not null,
  tenant_id  text not null,
  created_at timestamptz(3) not null default now(),
  kind       text not null,
  person_id  uuid not null,
  erased_at  timestamptz(3) not null,
  erased_by  text not null,
  reason     text not null,
  kept       jsonb not null,
  primary key (id, tenant_id),
  constraint erasures_tenant_id_fkey foreign key (tenant_id) references programs (tenant_id),
  constraint erasures_kind check (kind in ('PARTNER', 'MEMBER', 'CUSTOMER'))
);
comment on table erasures is
  'Erasures that were done, by id only, so that they can be repeated on a restored backup.';
create index erasures_tenant on erasures (tenant_id, id);
