-- Returns whether a job with this key waits to run. A job that has used all attempts does not wait.
create or replace function job_waits(job_key text) returns boolean
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  return exists (select from graphile_worker.jobs j
    where j.key = job_key and j.locked_at is null and j.attempts < j.max_attempts);
end
$$;

revoke execute on function job_waits(text) from public;
grant execute on function job_waits(text) to partner_portal_api;
