-- Returns the day after the last whole period before or at today.
create or replace function payout_period_end(frequency text, today date) returns date
language sql immutable
as $$
  select case frequency
    when 'WEEKLY' then date_trunc('week', today)::date
    when 'BIWEEKLY' then date '2024-01-01' + ((today - date '2024-01-01') / 14) * 14
    when 'MONTHLY' then date_trunc('month', today)::date
    when 'QUARTERLY' then date_trunc('quarter', today)::date end
$$;
