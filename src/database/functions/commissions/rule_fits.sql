-- Returns whether a sale meets the conditions of a version of a rule, whatever the kind of its customer.
create or replace function rule_fits(r commission_rules, c commissions) returns boolean
language sql immutable
as $$
  select not r.ended and (r.product is null or r.product = c.product) is true
    and (r.countries is null or c.country = any(r.countries)) is true
    and (r.types is null or c.type = any(r.types))
    and (r.currency is null or r.currency in (c.base_currency, c.sale_currency))
    and (r.minimum_minor is null or c.base_minor >= r.minimum_minor)
$$;
