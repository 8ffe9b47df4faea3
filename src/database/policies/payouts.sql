-- Rights of the API on the tables of payouts, and which rows they cover.

select protect('payout_accounts', 'select, insert, update', 'partner_id');

select protect('payout_runs', 'select, insert, update');
select restrict_to_staff('payout_runs', 'insert, update, delete');
create policy of_staff on payout_runs as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else false end);

select protect('payout_run_skips', 'select, insert', 'partner_id');
select restrict_to_staff('payout_run_skips', 'insert, update, delete');

select protect('payouts', 'select, insert, update', 'partner_id');
select restrict_to_staff('payouts', 'insert, update, delete');

select protect('payout_items', 'select, insert, update');
select restrict_to_staff('payout_items', 'insert, update, delete');
create policy of_own_payouts on payout_items as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else is_own_payout(payout_id) end);

-- A trigger writes them.
select protect('paid_lines', 'select');
create policy of_staff on paid_lines as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else false end);

select protect('payout_attempts', 'select, insert, update');
select restrict_to_staff('payout_attempts', 'insert, update, delete');
create policy of_staff on payout_attempts as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else false end);

select protect('payout_holds', 'select, insert, update', 'partner_id');
select restrict_to_staff('payout_holds', 'insert, update, delete');

select protect('bank_files', 'select, insert, update');
create policy of_staff on bank_files as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '');

select protect('bank_file_parts', 'select, insert, update');
create policy of_staff on bank_file_parts as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '');

select protect('bank_payments', 'select, insert, update', 'partner_id');
select restrict_to_staff('bank_payments', 'insert, update, delete');

select protect('bank_file_items', 'select, insert, update');
create policy of_staff on bank_file_items as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '');

select protect('bank_status_imports', 'select, insert');
create policy of_staff on bank_status_imports as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '');

select protect('bank_status_lines', 'select, insert');
create policy of_staff on bank_status_lines as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '');

-- A row without a tenant is visible to a session for all tenants only.
select protect('rail_events', 'select, insert, update');
create policy of_staff on rail_events as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '')
  with check ((select coalesce(current_setting('portal.partner', true), '')) = '');

select protect('reconciliations', 'select, insert, update');
create policy of_staff on reconciliations as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '')
  with check ((select coalesce(current_setting('portal.partner', true), '')) = '');

select protect('reconciliation_differences', 'select, insert, delete');
create policy of_staff on reconciliation_differences as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '')
  with check ((select coalesce(current_setting('portal.partner', true), '')) = '');

grant usage on sequence bank_serials to partner_portal_api;
