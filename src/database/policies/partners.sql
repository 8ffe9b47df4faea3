-- Rights of the API on the tables of partners, and which rows they cover.

select protect('partners', 'select, insert, update', 'id');

select protect('partner_history', 'select, insert', 'partner_id');
select restrict_to_staff('partner_history', 'insert, update, delete');

select protect('reseller_configs', 'select, insert, update', 'partner_id');
select restrict_to_staff('reseller_configs', 'insert, update, delete');

select protect('affiliate_configs', 'select, insert, update', 'partner_id');
select restrict_to_staff('affiliate_configs', 'insert, update, delete');

select protect('white_label_configs', 'select, insert, update', 'partner_id');
select restrict_to_staff('white_label_configs', 'insert, update, delete');

select protect('sponsorships', 'select, insert, update', 'partner_id');
create policy staff_only on sponsorships as restrictive to partner_portal_api
  using (coalesce(current_setting('portal.partner', true), '') = '')
  with check (coalesce(current_setting('portal.partner', true), '') = '');

-- A partner sees its present and past account managers, and no others.
select protect('account_managers', 'select, insert, update');
select restrict_to_staff('account_managers', 'insert, update, delete');
create policy of_staff_or_own on account_managers as restrictive for select to partner_portal_api
  using ((coalesce(current_setting('portal.partner', true), '') = '') or (exists (select from manager_assignments a where (a.manager_id = account_managers.id))));

select protect('manager_assignments', 'select, insert, update', 'partner_id');
select restrict_to_staff('manager_assignments', 'insert, update, delete');

select protect('tax_ids', 'select, insert, update', 'partner_id');
