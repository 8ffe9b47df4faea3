-- Returns the rate with which a new rate of two currencies is compared: the last one of an earlier day. Without one, the
-- nearest of the same or a later day, the last entered first. A rate that replaces another of its day is compared with the
-- earlier day, so that small steps on one day do not add up.
create or replace function rate_to_compare(tenant text, one text, other text, day date) returns exchange_rates
language sql stable
as $$
  select x.* from exchange_rates x
  where x.tenant_id = tenant and least(x.base, x.quote) = least(one, other) and greatest(x.base, x.quote) = greatest(one, other)
  order by x.effective_on < day desc, case when x.effective_on < day then day - x.effective_on else x.effective_on - day end,
    x.id desc
  limit 1
$$;
