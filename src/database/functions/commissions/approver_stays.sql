-- Approver and time of approval never change.
create or replace function approver_stays() returns trigger
language plpgsql
as $$
begin
  if old.approved_by is not null and (new.approved_by, new.approved_at)
    is distinct from (old.approved_by, old.approved_at) then
    raise exception 'The approver and the time of approval cannot change.' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger approver_stays before update on commissions
  for each row when (old.approved_by is not null)
  execute function approver_stays();
create or replace trigger approver_stays before update on payouts
  for each row when (old.approved_by is not null)
  execute function approver_stays();
