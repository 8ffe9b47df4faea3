-- Rights of the API on the tables of privacy, and which rows they cover.

select protect('person_exports', 'select, insert, update, delete');
select restrict_to_staff('person_exports', 'insert, update, delete');
create policy of_staff on person_exports as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else false end);

select protect('erasures', 'select, insert');
select restrict_to_staff('erasures', 'insert, update, delete');
create policy of_staff on erasures as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else false end);
