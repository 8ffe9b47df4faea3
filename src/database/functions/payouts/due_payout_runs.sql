-- Returns the runs that are due at an instant: for each program with automatic payouts and each frequency of its
-- partners, the last period that has ended in the time zone of the program, unless it was run.
create or replace function due_payout_runs(at timestamptz)
returns table (tenant_id text, frequency text, period_end date, as_of timestamptz, partners int)
language sql stable
as $$
  select g.tenant_id, f.frequency, e.period_end, e.period_end::timestamp at time zone g.time_zone, f.partners
  from programs g
  cross join lateral (select p.payout_frequency as frequency, count(*)::int as partners from partners p
    where p.tenant_id = g.tenant_id and p.deleted_at is null group by p.payout_frequency) f
  cross join lateral (select payout_period_end(f.frequency, (at at time zone g.time_zone)::date) as period_end) e
  where g.auto_payouts and not exists (select from payout_runs r
    where r.tenant_id = g.tenant_id and r.frequency = f.frequency and r.period_end >= e.period_end)
$$;
