-- Rights of the API on the tables of tracking, and which rows they cover.

select protect('customers', 'select, insert, update');
select restrict_to_staff('customers', 'insert, update, delete');
create policy of_own_business on customers as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else ((partner_id = (select nullif(current_setting('portal.partner', true), '')::uuid)) or is_own_customer(id)) end);

select protect('tracking_links', 'select, insert, update', 'partner_id');

select protect('referrals', 'select, insert, update', 'partner_id');
select restrict_to_staff('referrals', 'insert, update, delete');

select protect('touches', 'select, insert', 'partner_id');
select restrict_to_staff('touches', 'insert');

select protect('conversions', 'select, insert', 'partner_id');
select restrict_to_staff('conversions', 'insert, update, delete');

select protect('attribution_shares', 'select, insert', 'partner_id');
select restrict_to_staff('attribution_shares', 'insert');

select protect('coupons', 'select, insert, update', 'partner_id');
select restrict_to_staff('coupons', 'insert, update, delete');

-- A partner submits leads; staff decides on them.
select protect('leads', 'select, insert, update', 'partner_id');
select restrict_to_staff('leads', 'update');

select protect('deals', 'select, insert, update', 'partner_id');

select protect('customer_assignments', 'select, insert', 'partner_id');
select restrict_to_staff('customer_assignments', 'insert, update, delete');

select protect('reported_conversions', 'select, insert', 'partner_id');
select restrict_to_staff('reported_conversions', 'insert, update, delete');
