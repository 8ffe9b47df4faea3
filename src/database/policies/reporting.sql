-- Rights of the API on the tables of reporting, and which rows they cover.

select protect('partner_metrics', 'select', 'partner_id');
select restrict_to_staff('partner_metrics', 'insert, update, delete');

select protect('partner_metrics_daily', 'select', 'partner_id');
select restrict_to_staff('partner_metrics_daily', 'insert, update, delete');

select protect('partner_metrics_by', 'select', 'partner_id');

select protect('program_metrics_daily', 'select');
create policy of_staff on program_metrics_daily as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else false end);

select protect('program_metric_changes', 'select');
create policy of_staff on program_metric_changes as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else false end);

select protect('customer_subscriptions', 'select, insert, update', 'partner_id');
select restrict_to_staff('customer_subscriptions', 'insert, update, delete');

select protect('tier_evaluations', 'select, insert, update', 'partner_id');
select restrict_to_staff('tier_evaluations', 'insert, update, delete');

select protect('tier_locks', 'select, insert, update', 'partner_id');
select restrict_to_staff('tier_locks', 'insert, update, delete');
