-- Returns whether a buyer is the partner itself: by the id of the partner or of a member, or by an e-mail address of the
-- sale, of the customer or in the id of the customer. An address of the partner's company counts unless the program reviews
-- such sales by the rule SAME_COMPANY_DOMAIN. A customer on the program's allow list is never the partner.
create or replace function is_own_purchase(partner uuid, external text, sale_email text) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  seller partners;
  buyer customers;
  buyer_id text := lower(btrim(external));
  emails text[];
begin
  select * into seller from partners p where p.id = partner;
  select * into buyer from customers k where k.tenant_id = seller.tenant_id and k.external_id = external;
  emails := array(
    select normal_email(a.email) from unnest(array[buyer.email, sale_email, external]) a (email) where position('@' in a.email) > 1);
  -- Most buyers have an id only, and no e-mail address to compare.
  if cardinality(emails) = 0 and buyer_id is distinct from partner::text
    and not exists (select from members m where m.partner_id = seller.id and buyer_id in (m.id::text, lower(m.subject))) then
    return false;
  end if;
  if exists (
    select from fraud_list_entries e
    where e.tenant_id = seller.tenant_id and e.list = 'ALLOWED_CUSTOMER' and e.removed_at is null
      and (e.customer_id = buyer.id or exists (
        select from unnest(emails) a (email) where right('.' || substring(a.email from '@([^@]*)$'), length(e.domain) + 1) = '.' || e.domain))) then
    return false;
  end if;
  return buyer_id = seller.id::text
    or exists (select from members m where m.partner_id = seller.id and buyer_id in (m.id::text, lower(m.subject)))
    or is_address_of(seller.id, emails, coalesce(
      (select g.fraud->'rules'->'SAME_COMPANY_DOMAIN'->>'mode' from programs g where g.tenant_id = seller.tenant_id), 'OFF') = 'OFF');
end
$$;

revoke execute on function is_own_purchase(uuid, text, text) from public;
grant execute on function is_own_purchase(uuid, text, text) to partner_portal_api;
