-- Returns the seconds until the job with this key runs, negative when it is late. Null when none waits: a job that has
-- used all attempts does not wait.
create or replace function job_runs_in(job_key text) returns float8
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  return (select extract(epoch from j.run_at - now()) from graphile_worker.jobs j
    where j.key = job_key and j.locked_at is null and j.attempts < j.max_attempts);
end
$$;

-- Returns whether a job with this key waits to run.
create or replace function job_waits(job_key text) returns boolean
language sql
as $$ select job_runs_in(job_key) is not null $$;

revoke execute on function job_runs_in(text), job_waits(text) from public;
grant execute on function job_runs_in(text), job_waits(text) to partner_portal_api;
