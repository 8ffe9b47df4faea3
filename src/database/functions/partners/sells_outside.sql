-- Returns whether a country is outside the territory of a reseller. A sale without a country is inside.
create or replace function sells_outside(partner uuid, country text) returns boolean
language sql stable
as $$
  select exists (select from reseller_configs r
    where r.partner_id = partner and cardinality(r.countries) > 0 and not country = any(r.countries))
$$;
