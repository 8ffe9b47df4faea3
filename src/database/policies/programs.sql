-- Rights of the API on the tables of programs, and which rows they cover.

select protect('programs', 'select, insert, update');
select restrict_to_staff('programs', 'insert, update, delete');

select protect('partner_tier_configs', 'select, insert, update');
select restrict_to_staff('partner_tier_configs', 'insert, update, delete');

select protect('tier_config_versions', 'select, insert');
select restrict_to_staff('tier_config_versions', 'insert, update, delete');

select protect('exchange_rates', 'select, insert');
select restrict_to_staff('exchange_rates', 'insert, update, delete');

select protect('proposed_rates', 'select, insert, update');
create policy of_staff on proposed_rates as restrictive to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '');
