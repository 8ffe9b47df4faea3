-- Returns the SHA-256 hash of an audit entry: each column by its length and its text. src/modules/**/chain.ts builds
-- the same hash and checks this one.
create or replace function audit_event_hash(e audit_events) returns bytea
language sql stable
as $$
  select sha256(convert_to(
    audit_text(e.id::text) || audit_text(e.tenant_id)
    || audit_text((extract(epoch from e.created_at) * 1000)::bigint::text)
    || audit_text(e.actor_id) || audit_text(e.actor_role) || audit_text(e.credential) || audit_text(e.request_id)
    || audit_text(e.action) || audit_text(e.subject_id::text) || audit_text(e.subjects::text)
    || audit_text(e.partner_id::text) || audit_text(e.before::text) || audit_text(e.after::text)
    || audit_text(e.reason) || audit_text(e.personal_hash), 'UTF8'))
$$;
