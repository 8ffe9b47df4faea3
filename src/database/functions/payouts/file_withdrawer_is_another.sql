-- Refuses to cancel a downloaded bank file by a person who downloaded it.
create or replace function file_withdrawer_is_another() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (select from unnest(old.downloaded_by) d (actor) where may_be_one(d.actor, new.canceled_by)) then
    raise exception 'Another person must cancel this bank file.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger withdrawer_is_another after update on bank_files
  for each row when (old.downloads > 0 and new.status = 'CANCELED' and old.status <> 'CANCELED')
  execute function file_withdrawer_is_another();
