-- Puts new audit entries into the queue for the hash chain.
create or replace function await_link() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  insert into audit_unlinked select id from added;
  return null;
end
$$;

create or replace trigger await_link after insert on audit_events
  referencing new table as added
  for each statement execute function await_link();
