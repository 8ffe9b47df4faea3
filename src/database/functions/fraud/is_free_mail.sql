-- Returns whether a domain, or one of its parents, is a free mail domain of the product or of the program. The domains that
-- are reserved for examples are no company either.
create or replace function is_free_mail(tenant text, host text) returns boolean
language plpgsql stable
as $$
declare
  domains text[] := array[host];
  parent text := host;
begin
  while position('.' in parent) > 0 loop
    parent := substr(parent, position('.' in parent) + 1);
    domains := domains || parent;
  end loop;
  return domains && array[{{freeMailDomains: '#'}}, 'example.com', 'example.net', 'example.org'] or exists (
    select from fraud_list_entries e
    where e.tenant_id = tenant and e.list = 'FREE_MAIL_DOMAIN' and e.removed_at is null and e.domain = any(domains));
end
$$;
