-- Returns until when a prospect is held by a deal, null if it is free. Tells nothing about the partner, and only
-- about the tenant of the session.
create or replace function live_deal_until(tenant text, of_domain text, of_email text, at timestamptz) returns timestamptz
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if coalesce(current_setting('portal.tenant', true), '') not in (tenant, '*') then return null; end if;
  perform pg_advisory_xact_lock(hashtextextended('deals:' || tenant, 0));
  update deals set closed_at = expires_at
    where tenant_id = tenant and closed_at is null and expires_at <= least(at, now());
  return (select max(expires_at) from deals where tenant_id = tenant and closed_at is null
    and (domain = of_domain or normal_email(email) = normal_email(of_email)));
end
$$;

revoke execute on function live_deal_until(text, text, text, timestamptz) from public;
grant execute on function live_deal_until(text, text, text, timestamptz) to partner_portal_api;
