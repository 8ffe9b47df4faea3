-- Finds the tenant or the partner of an organisation of the identity provider. This is asked before the session has a
-- scope.
create or replace function organisation(org text) returns table (staff_of text, partner_of text, partner_id uuid)
language sql stable security definer
set search_path = public, pg_temp
as $$
  select g.tenant_id, p.tenant_id, p.id from (values (org)) o (id)
  left join programs g on g.identity_org_id = o.id
  left join partners p on p.identity_org_id = o.id and p.deleted_at is null
$$;

revoke execute on function organisation(text) from public;
grant execute on function organisation(text) to partner_portal_api;
