-- Rights of the API on the tables of commissions, and which rows they cover.

select protect('commission_plans', 'select, insert');
select restrict_to_staff('commission_plans', 'insert, update, delete');
create policy of_staff on commission_plans as restrictive for insert to partner_portal_api
  with check (nullif(current_setting('portal.partner', true), '') is null);

-- Rules of a plan have no partner, and every partner earns by them.
select protect('commission_rules', 'select, insert');
select restrict_to_staff('commission_rules', 'insert, update, delete');
create policy of_its_partner on commission_rules as restrictive for select to partner_portal_api
  using ((nullif(current_setting('portal.partner', true), '') is null) or (partner_id is null) or ((partner_id)::text = nullif(current_setting('portal.partner', true), '')));
create policy of_staff on commission_rules as restrictive for insert to partner_portal_api
  with check (nullif(current_setting('portal.partner', true), '') is null);

select protect('plan_memberships', 'select, insert');
select restrict_to_staff('plan_memberships', 'insert, update, delete');
create policy of_its_partner on plan_memberships as restrictive for select to partner_portal_api
  using ((nullif(current_setting('portal.partner', true), '') is null) or (partner_id is null) or ((partner_id)::text = nullif(current_setting('portal.partner', true), '')));
create policy of_staff on plan_memberships as restrictive for insert to partner_portal_api
  with check (nullif(current_setting('portal.partner', true), '') is null);

select protect('rule_usage', 'select, insert, update, delete', 'partner_id');
select restrict_to_staff('rule_usage', 'insert, update, delete');

select protect('sale_items', 'select, insert, update', 'partner_id');
select restrict_to_staff('sale_items', 'insert, update, delete');

select protect('sales', 'select, insert', 'partner_id');
select restrict_to_staff('sales', 'insert, update, delete');

select protect('commissions', 'select, insert, update', 'partner_id');
select restrict_to_staff('commissions', 'insert, update, delete');

select protect('commission_holds', 'select, insert, update', 'partner_id');
select restrict_to_staff('commission_holds', 'insert, update, delete');

select protect('sale_refunds', 'select, insert, update', 'partner_id');
select restrict_to_staff('sale_refunds', 'insert, update, delete');

select protect('plan_simulations', 'select, insert, update, delete');
create policy of_staff on plan_simulations as restrictive to partner_portal_api
  using (coalesce(current_setting('portal.partner', true), '') = '');
