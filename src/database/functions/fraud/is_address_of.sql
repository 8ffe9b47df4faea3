-- Returns whether one of these normalised e-mail addresses reaches a partner: the mailbox of the partner or of a member, now
-- or earlier. With company_too, an address of the same company domain does as well.
create or replace function is_address_of(partner uuid, emails text[], company_too boolean) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  seller partners;
  address text;
  own text;
  other text;
begin
  if cardinality(emails) = 0 then return false; end if;
  select * into seller from partners p where p.id = partner;
  for address in
    select normal_email(a.email) from (
      select unnest(array_append(coalesce(seller.earlier_emails, '{}'), seller.email)) as email
      union all
      select m.email from members m where m.partner_id = partner) a
  loop
    if address = any(emails) then return true; end if;
    continue when not company_too;
    own := split_part(address, '@', -1);
    continue when position('.' in own) = 0;
    foreach address in array emails loop
      other := split_part(address, '@', -1);
      if position('.' in other) > 0
        and (own = other or right(own, length(other) + 1) = '.' || other or right(other, length(own) + 1) = '.' || own)
        and not is_free_mail(seller.tenant_id, own) and not is_free_mail(seller.tenant_id, other) then
        return true;
      end if;
    end loop;
  end loop;
  return false;
end
$$;

revoke execute on function is_address_of(uuid, text[], boolean) from public;
grant execute on function is_address_of(uuid, text[], boolean) to partner_portal_api;
