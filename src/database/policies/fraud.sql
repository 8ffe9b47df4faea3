-- Rights of the API on the tables of fraud, and which rows they cover.

-- Partners cannot read data of risk rules.
select protect('fraud_hits', 'select, insert, update');
create policy staff_only on fraud_hits as restrictive to partner_portal_api
  using (coalesce(current_setting('portal.partner', true), '') = '')
  with check (coalesce(current_setting('portal.partner', true), '') = '');

select protect('fraud_reviews', 'select, insert, update', 'partner_id');
create policy staff_only on fraud_reviews as restrictive to partner_portal_api
  using (coalesce(current_setting('portal.partner', true), '') = '')
  with check (coalesce(current_setting('portal.partner', true), '') = '');

select protect('fraud_list_entries', 'select, insert, update');
create policy staff_only on fraud_list_entries as restrictive to partner_portal_api
  using (coalesce(current_setting('portal.partner', true), '') = '')
  with check (coalesce(current_setting('portal.partner', true), '') = '');

select protect('payment_fingerprints', 'select, insert, update, delete');
create policy staff_only on payment_fingerprints as restrictive to partner_portal_api
  using (coalesce(current_setting('portal.partner', true), '') = '')
  with check (coalesce(current_setting('portal.partner', true), '') = '');
