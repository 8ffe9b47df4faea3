-- Rights of the API on the tables of foundation, and which rows they cover.

select protect('postings', 'select, insert', 'partner_id');
select restrict_to_staff('postings', 'insert, update, delete');

-- An audit entry is written in the name of its actor. A partner sees the entries of its own sessions.
select protect('audit_events', 'select, insert');
create policy by_oneself on audit_events as restrictive for insert to partner_portal_api
  with check (actor_id = (select current_setting('portal.actor', true)));
create policy of_oneself on audit_events as restrictive for select to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else (actor_id = (select current_setting('portal.actor', true))) end);

select protect('audit_personal', 'select, insert');
create policy of_staff on audit_personal as restrictive for select to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '');

select protect('audit_links', 'select');
select restrict_to_staff('audit_links', 'insert, update, delete');
create policy of_staff on audit_links as restrictive for select to partner_portal_api
  using ((select coalesce(current_setting('portal.partner', true), '')) = '');

-- The trigger of audit_events writes events as the owner, so no session writes any.
select protect('events', 'select');
create policy of_staff on events as restrictive for select to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else false end);

select protect('idempotency_keys', 'select, insert, update');
create policy of_oneself on idempotency_keys as restrictive to partner_portal_api
  using (actor_id = (select current_setting('portal.actor', true)));

-- The members of a partner use the index key of the tenant too, so data keys are bound to the tenant only. They are
-- wrapped, and of no use without the key service.
select protect('data_keys', 'select, insert, update, delete');
create policy of_oneself on data_keys as restrictive to partner_portal_api
  using (case when ((select coalesce(current_setting('portal.partner', true), '')) = '') then true else ((partner_id is null) or (partner_id = (select nullif(current_setting('portal.partner', true), '')::uuid))) end);
