-- Returns whether a buyer is the partner itself: by the id of the partner or of a member, by the referral code, or by an e-mail
-- address of the sale, of the customer or in the id of the customer. The id is free text: a URL, percent-encoded, in quotes.
-- An address of the partner's company counts unless the program reviews such sales by the rule SAME_COMPANY_DOMAIN. A
-- customer on the program's allow list is never the partner. Every path to a commission asks this function.
create or replace function is_own_purchase(partner uuid, external text, sale_email text) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  sale record;
  plain text := decoded_text(external);
  names text[];
  bare text[];
  emails text[];
begin
  -- The whole id; of a URL the last part of the path and each parameter. Not a part of another text: a program may put the id
  -- of the partner before its own number of the customer.
  names := array[lower(btrim(external)), regexp_replace(btrim(plain, ' "''<>()[]{}'), '^urn:uuid:', '')];
  if plain ~ '://|^/|[?]' then
    names := names || array(select n[1] from regexp_matches(plain, '[/=]([^/=?#&]+)(?=/?(?:$|[?#&]))', 'g') n);
  end if;
  bare := array(select replace(n.name, '-', '') from unnest(names) n (name));
  select p.tenant_id, k.id as buyer, k.email,
    coalesce(g.fraud->'rules'->'SAME_COMPANY_DOMAIN'->>'mode', 'OFF') = 'OFF' as company_too,
    lower(p.referral_code) = any(names) or replace(p.id::text, '-', '') = any(bare) or exists (
      select from members m
      where m.partner_id = p.id and (lower(m.subject) = any(names) or replace(m.id::text, '-', '') = any(bare))) as named
  into sale
  from partners p join programs g on g.tenant_id = p.tenant_id
  left join customers k on k.tenant_id = p.tenant_id and k.external_id = external
  where p.id = partner;
  emails := '{}';
  if position('@' in concat(sale_email, plain)) = 0 and sale.email ~ '^[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]*[A-Za-z0-9-]$' then
    -- Most addresses have nothing to take apart.
    emails := array[normal_email(sale.email)];
  elsif position('@' in concat(sale.email, sale_email, plain)) > 0 then
    -- A part of an address ends at a sign that only a URL or a notation has. A mailbox may have such a sign, so both count.
    emails := array(
      select distinct normal_email(found.email[1] || '@' || ascii_domain(rtrim(found.email[2], '.')))
      from unnest(array[sale.email, sale_email, replace(plain, '"@', '@')]) a (email),
        unnest(array['[^\s<>()",;:@]+', '[^\s<>()",;:@/?#&={}''\[\]|]+']) mailbox (pattern),
        regexp_matches(a.email, '(' || mailbox.pattern || ')@([^\s!-,/:-@\[-`{-~]+)', 'g') found (email));
  end if;
  return (sale.named or is_address_of(partner, emails, sale.company_too)) and not exists (
    select from fraud_list_entries e
    where e.tenant_id = sale.tenant_id and e.list = 'ALLOWED_CUSTOMER' and e.removed_at is null
      and (e.customer_id = sale.buyer or exists (
        select from unnest(emails) a (email) where right('.' || substring(a.email from '@([^@]*)$'), length(e.domain) + 1) = '.' || e.domain)));
end
$$;

revoke execute on function is_own_purchase(uuid, text, text) from public;
grant execute on function is_own_purchase(uuid, text, text) to partner_portal_api;
