-- A bank file keeps its content and moves along its transitions.
create or replace function bank_file_may_change() returns trigger
language plpgsql
as $$
declare
  kept bank_files := new;
begin
  -- Every column stays as it was, except the columns named here.
  kept.status := old.status;
  kept.approved_by := old.approved_by;
  kept.approved_at := old.approved_at;
  kept.canceled_by := old.canceled_by;
  kept.canceled_at := old.canceled_at;
  kept.cancel_reason := old.cancel_reason;
  kept.downloads := old.downloads;
  kept.downloaded_by := old.downloaded_by;
  kept.downloaded_at := old.downloaded_at;
  kept.settled_by := old.settled_by;
  kept.settled_at := old.settled_at;
  if kept is distinct from old
    or new.status <> old.status
      and (old.status, new.status) not in (('DRAFT', 'APPROVED'), ('DRAFT', 'CANCELED'), ('APPROVED', 'CANCELED'))
    or old.approved_by is not null and new.approved_by is distinct from old.approved_by
    or new.downloads < old.downloads then
    raise exception 'This change of a bank file is not allowed.' using errcode = 'check_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on bank_files for each row execute function bank_file_may_change();
