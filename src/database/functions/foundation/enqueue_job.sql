-- Adds a durable job. This is the only way to the tables of the job runner. A session of one tenant may start only
-- jobs about its own rows and only under their own key, so that it cannot replace a waiting job of another tenant.
-- Which jobs, and what their payload names, is in `ownJobs` of src/kernel/data/jobs.ts.
create or replace function enqueue_job(job text, payload json, key text, delay_seconds float8) returns void
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  own_tenant text := coalesce(current_setting('portal.tenant', true), '');
  own_partner text := coalesce(current_setting('portal.partner', true), '');
  about text := payload->>case job {{ownJobs: when '#name' then '#about' | }} end;
begin
  if own_tenant <> '*' and not (
    key = job || ':' || about
    and case job {{ownJobs: when '#name' then #isOwn | }} else false end
  ) is true then
    raise exception 'This session may not start this job.' using errcode = 'insufficient_privilege';
  end if;
  perform graphile_worker.add_job(
    job, payload,
    run_at := now() + delay_seconds * interval '1 second', job_key := key, max_attempts := 25
  );
end
$$;

revoke execute on function enqueue_job(text, json, text, float8) from public;
grant execute on function enqueue_job(text, json, text, float8) to partner_portal_api;
