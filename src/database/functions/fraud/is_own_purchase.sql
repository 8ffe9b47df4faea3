-- Returns whether a buyer is the partner itself: by the id of the partner or of a member, by the referral code, or by an e-mail
-- address of the sale, of the customer or in the id of the customer. The id is free text: a URL, percent-encoded, in quotes.
-- An address of the partner's company counts unless the program reviews such sales by the rule SAME_COMPANY_DOMAIN. A
-- customer on the program's allow list is never the partner. Every path to a commission asks this function.
create or replace function is_own_purchase(partner uuid, external text, sale_email text) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  seller partners;
  buyer customers;
  plain text := decoded_text(external);
  names text[];
  emails text[];
  named boolean;
begin
  select * into seller from partners p where p.id = partner;
  select * into buyer from customers k where k.tenant_id = seller.tenant_id and k.external_id = external;
  -- The whole id; of a URL the last part of the path and each parameter. Not a part of another text: a program may put the id
  -- of the partner before its own number of the customer.
  names := array[lower(btrim(external)), regexp_replace(btrim(plain, ' "''<>()[]{}'), '^urn:uuid:', '')];
  if plain ~ '://|^/|[?]' then
    names := names || array(select n[1] from regexp_matches(plain, '[/=]([^/=?#&]+)(?=/?(?:$|[?#&]))', 'g') n);
  end if;
  named := lower(seller.referral_code) = any(names) or is_named(seller.id, names)
    or exists (select from members m where m.partner_id = seller.id and (lower(m.subject) = any(names) or is_named(m.id, names)));
  -- A part of an address ends at a sign that only a URL or a notation has. A mailbox may have such a sign, so both count.
  emails := '{}';
  if position('@' in concat(buyer.email, sale_email, plain)) > 0 then
    emails := array(
      select distinct normal_email(found.email[1] || '@' || ascii_domain(rtrim(found.email[2], '.')))
      from unnest(array[buyer.email, sale_email, replace(plain, '"@', '@')]) a (email),
        unnest(array['[^\s<>()",;:@]+', '[^\s<>()",;:@/?#&={}''\[\]|]+']) mailbox (pattern),
        regexp_matches(a.email, '(' || mailbox.pattern || ')@([^\s!-,/:-@\[-`{-~]+)', 'g') found (email));
  end if;
  -- Most buyers have an id only, and no e-mail address to compare.
  if cardinality(emails) = 0 and not named then return false; end if;
  if exists (
    select from fraud_list_entries e
    where e.tenant_id = seller.tenant_id and e.list = 'ALLOWED_CUSTOMER' and e.removed_at is null
      and (e.customer_id = buyer.id or exists (
        select from unnest(emails) a (email) where right('.' || substring(a.email from '@([^@]*)$'), length(e.domain) + 1) = '.' || e.domain))) then
    return false;
  end if;
  return named
    or is_address_of(seller.id, emails, coalesce(
      (select g.fraud->'rules'->'SAME_COMPANY_DOMAIN'->>'mode' from programs g where g.tenant_id = seller.tenant_id), 'OFF') = 'OFF');
end
$$;

revoke execute on function is_own_purchase(uuid, text, text) from public;
grant execute on function is_own_purchase(uuid, text, text) to partner_portal_api;
