-- Returns the rates, amounts and thresholds of a version of a rule. A zero earns nothing and is left out.
create or replace function pricing_terms(r commission_rules) returns text[]
language sql immutable
as $$
  select array(
    select 'rate ' || t.bps from unnest(array[r.rate_bps, r.step_down_rate_bps]) t (bps) where t.bps > 0
    union
    select 'amount ' || t.minor || r.currency from unnest(array[r.per_unit_minor, r.per_order_minor]) t (minor) where t.minor > 0
    union
    select 'rate ' || (b->>'rateBps') from jsonb_array_elements(r.band_rows) b where b->>'rateBps' <> '0'
    union
    select 'from ' || (b->>'from') || r.currency from jsonb_array_elements(r.band_rows) b where b->>'from' <> '0')
$$;
