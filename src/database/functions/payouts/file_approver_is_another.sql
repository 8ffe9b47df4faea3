-- Refuses an approval of a bank file by a person whom a duty keeps from it.
create or replace function file_approver_is_another() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if file_conflict(old, new.approved_by) is not null then
    raise exception 'Another person must approve this bank file.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger approver_is_another after update on bank_files
  for each row when (old.approved_by is null and new.approved_by is not null)
  execute function file_approver_is_another();
