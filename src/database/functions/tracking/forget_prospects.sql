-- Erases personal data of old leads, expired deals and reported conversions. The fact that a prospect was named
-- stays.
create or replace function forget_prospects(older_than timestamptz) returns bigint
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare gone bigint; total bigint := 0;
begin
  if coalesce(current_setting('portal.tenant', true), '') <> '*' then
    raise exception 'Only a session for all tenants may erase prospects.' using errcode = 'insufficient_privilege';
  end if;
  update leads set contact_name = null, email = null, notes = null
  where created_at < older_than and (contact_name is not null or email is not null or notes is not null);
  get diagnostics gone = row_count; total := total + gone;
  update deals set email = 'erased+' || id || '@invalid', closed_at = coalesce(closed_at, expires_at)
  where expires_at < older_than and email is not null and email not like 'erased+%';
  get diagnostics gone = row_count; total := total + gone;
  delete from reported_conversions where created_at < older_than;
  get diagnostics gone = row_count;
  return total + gone;
end
$$;

revoke execute on function forget_prospects(timestamptz) from public;
grant execute on function forget_prospects(timestamptz) to partner_portal_api;
