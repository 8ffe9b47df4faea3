-- Writes the events of new audit entries: one for each row that an entry lists, else one for its subject.
create or replace function record_events() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into events (id, tenant_id, partner_id, type, subject_id, audit_event_id, occurred_at)
  select new_id(), e.tenant_id, e.partner_id, e.action, s.id, e.id, e.created_at
  from added e
  cross join lateral unnest(case when e.subjects = '{}' then array[e.subject_id] else e.subjects end) as s(id);
  return null;
end
$$;

create or replace trigger record_events after insert on audit_events
  referencing new table as added
  for each statement execute function record_events();
