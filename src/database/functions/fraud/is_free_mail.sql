-- Returns whether a domain, or one of its parents, is a free mail domain of the product or of the program. The domains that
-- are reserved for examples are no company either.
create or replace function is_free_mail(tenant text, host text) returns boolean
language sql stable
as $$
  select exists (
    select from (
      values {{freeMailDomains: ('#')}}, ('example.com'), ('example.net'), ('example.org')
      union all
      select e.domain from fraud_list_entries e
      where e.tenant_id = tenant and e.list = 'FREE_MAIL_DOMAIN' and e.removed_at is null) f (domain)
    where f.domain = host or right(host, length(f.domain) + 1) = '.' || f.domain)
$$;
