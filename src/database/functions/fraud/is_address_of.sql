-- Returns whether one of these normalised e-mail addresses reaches a partner: the mailbox of the partner or of a member, now
-- or earlier. With company_too, an address of the same company domain does as well.
create or replace function is_address_of(partner uuid, emails text[], company_too boolean) returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  with own as (
    select normal_email(a.email) as email, a.tenant_id from (
      select unnest(array_append(coalesce(p.earlier_emails, '{}'), p.email)) as email, p.tenant_id from partners p where p.id = partner
      union all
      select m.email, m.tenant_id from members m where m.partner_id = partner) a),
  domains as (
    select o.tenant_id, substring(o.email from '@([^@]*[.][^@]*)$') as own, substring(e.email from '@([^@]*)$') as other
    from own o cross join unnest(emails) e (email) where company_too)
  select exists (select from own where email = any(emails))
    or exists (select from domains d
      where (d.own = d.other or right(d.own, length(d.other) + 1) = '.' || d.other or right(d.other, length(d.own) + 1) = '.' || d.own)
        and position('.' in d.other) > 0 and not is_free_mail(d.tenant_id, d.own) and not is_free_mail(d.tenant_id, d.other))
$$;

revoke execute on function is_address_of(uuid, text[], boolean) from public;
grant execute on function is_address_of(uuid, text[], boolean) to partner_portal_api;
