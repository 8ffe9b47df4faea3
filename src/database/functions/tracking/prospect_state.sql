-- Returns whether a prospect is FREE, YOURS or TAKEN for a partner; a null partner owns nothing. The first deal or lead
-- that names its mailbox or its domain owns the prospect: a deal until it expires or is closed, a lead for the days of the
-- program unless it was rejected. Tells nothing about another partner, and only about the tenant of the session.
-- Registrations run one after the other.
create or replace function prospect_state(tenant text, asking uuid, of_domain text, of_email text, at timestamptz)
returns text
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare owner uuid;
begin
  if coalesce(current_setting('portal.tenant', true), '') not in (tenant, '*') then return 'FREE'; end if;
  perform pg_advisory_xact_lock(hashtextextended('deals:' || tenant, 0));
  update deals set closed_at = expires_at
    where tenant_id = tenant and closed_at is null and expires_at <= least(at, now());
  select o.partner_id into owner from (
    select d.partner_id, d.registered_at as since, d.id from deals d
    where d.tenant_id = tenant and d.closed_at is null
      and (d.domain = of_domain or normal_email(d.email) = normal_email(of_email))
    union all
    select l.partner_id, l.created_at, l.id from leads l join programs g on g.tenant_id = l.tenant_id
    where l.tenant_id = tenant and l.status <> 'REJECTED' and l.created_at > at - g.prospect_days * interval '24 hours'
      and (l.domain = of_domain or normal_email(l.email) = normal_email(of_email))
  ) o order by o.since, o.id limit 1;
  return case when owner is null then 'FREE' when owner = asking then 'YOURS' else 'TAKEN' end;
end
$$;

revoke execute on function prospect_state(text, uuid, text, text, timestamptz) from public;
grant execute on function prospect_state(text, uuid, text, text, timestamptz) to partner_portal_api;
