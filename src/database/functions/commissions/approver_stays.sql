-- Approver and time of approval never change.
create or replace function approver_stays() returns trigger
language plpgsql
as $$
begin
  if old.approved_by is not null and (new.approved_by, new.approved_at)
    is distinct from (old.approved_by, old.approved_at) then
    raise exception 'who approved, and when, never changes' using errcode = 'integrity_constraint_violation';
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
