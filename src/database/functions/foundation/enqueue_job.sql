-- Adds a durable job. This is the only way to the tables of the job runner. A session of one tenant may start only
-- jobs about its own rows and only under their own key, so that it cannot replace a waiting job of another tenant.
create or replace function enqueue_job(job text, payload json, key text, delay_seconds float8) returns void
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  own_tenant text := coalesce(current_setting('portal.tenant', true), '');
  own_partner text := coalesce(current_setting('portal.partner', true), '');
  about text := payload->>case job
    when 'send_payout' then 'payoutId' when 'check_logo' then 'partnerId' when 'send_invitation' then 'invitationId'
    when 'export_person' then 'exportId' when 'forget_clicks' then 'erasureId' when 'simulate_plan'
      then 'simulationId'
    when 'run_payouts' then 'runId' when 'reconcile' then 'reconciliationId'
    when 'recalculate_metrics' then 'tenantId' when 'evaluate_tiers' then 'tenantId' when 'rate_lines'
      then 'tenantId' end;
begin
  if own_tenant <> '*' and not (key = job || ':' || about and case job
      when 'send_payout' then exists (select from payouts r
        where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', r.partner_id::text))
      when 'check_logo' then exists (select from partners r
        where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', r.id::text))
      when 'send_invitation' then exists (select from invitations r
        where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', r.partner_id::text))
      when 'export_person' then exists (select from person_exports r
        where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', ''))
      when 'forget_clicks' then exists (select from erasures r
        where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', ''))
      when 'simulate_plan' then exists (select from plan_simulations r
        where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', ''))
      when 'run_payouts' then exists (select from payout_runs r
        where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', ''))
      when 'reconcile' then exists (select from reconciliations r
        where r.id = about::uuid and r.tenant_id = own_tenant and own_partner in ('', ''))
      when 'recalculate_metrics' then about = own_tenant and own_partner = ''
      when 'evaluate_tiers' then about = own_tenant and own_partner = ''
      when 'rate_lines' then about = own_tenant and own_partner = ''
      else false end) is true then
    raise exception 'This session may not start this job.' using errcode = 'insufficient_privilege';
  end if;
  perform graphile_worker.add_job(job, payload,
    run_at := now() + delay_seconds * interval '1 second', job_key := key, max_attempts := 25);
end
$$;

revoke execute on function enqueue_job(text, json, text, float8) from public;
grant execute on function enqueue_job(text, json, text, float8) to partner_portal_api;
