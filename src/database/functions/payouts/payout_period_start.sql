-- Returns the first day of the period that ends before ends.
create or replace function payout_period_start(frequency text, ends date) returns date
language sql immutable
as $$
  select case frequency
    when 'WEEKLY' then ends - 7
    when 'BIWEEKLY' then ends - 14
    when 'MONTHLY' then (ends - interval '1 month')::date
    when 'QUARTERLY' then (ends - interval '3 months')::date end
$$;
