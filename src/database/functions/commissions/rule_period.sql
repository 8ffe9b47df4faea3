-- Returns the first day of the period in which a rule counts.
create or replace function rule_period(period text, local timestamp) returns date
language sql immutable
as $$
  select case period when 'LIFETIME' then date '1970-01-01' else date_trunc(lower(period), local)::date end
$$;
