-- Writes the events of new audit entries: one for each row that an entry lists, else one for its subject. The single
-- event of an entry has the id of the entry.
create or replace function record_events() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into events (id, tenant_id, partner_id, type, subject_id, audit_event_id, occurred_at)
  select e.id, e.tenant_id, e.partner_id, e.action, e.subject_id, e.id, e.created_at
  from added e where e.subjects = '{}'
  union all
  select new_id(), e.tenant_id, e.partner_id, e.action, s.id, e.id, e.created_at
  from added e cross join lateral unnest(e.subjects) as s(id);
  return null;
end
$$;

create or replace trigger record_events after insert on audit_events
  referencing new table as added
  for each statement execute function record_events();
