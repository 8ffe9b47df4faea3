-- Returns whether one of these normalised e-mail addresses reaches a partner: the mailbox of the partner or of a member, now
-- or earlier. With company_too, an address of the same company domain does as well.
create or replace function is_address_of(partner uuid, emails text[], company_too boolean) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  tenant text;
  mailboxes text[];
  address text;
  own text;
  other text;
begin
  if cardinality(emails) = 0 then return false; end if;
  select p.tenant_id, array(
    select normal_email(a.email) from unnest(p.earlier_emails || p.email) a (email)
    union all
    select normal_email(m.email) from members m where m.partner_id = p.id)
  into tenant, mailboxes
  from partners p where p.id = partner;
  if mailboxes && emails then return true; end if;
  if not company_too then return false; end if;
  foreach address in array coalesce(mailboxes, '{}') loop
    own := split_part(address, '@', -1);
    continue when position('.' in own) = 0;
    foreach address in array emails loop
      other := split_part(address, '@', -1);
      if position('.' in other) > 0
        and (own = other or right(own, length(other) + 1) = '.' || other or right(other, length(own) + 1) = '.' || own)
        and not is_free_mail(tenant, own) and not is_free_mail(tenant, other) then
        return true;
      end if;
    end loop;
  end loop;
  return false;
end
$$;

revoke execute on function is_address_of(uuid, text[], boolean) from public;
grant execute on function is_address_of(uuid, text[], boolean) to partner_portal_api;
