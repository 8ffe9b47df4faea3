-- Refuses an approval by a person whom a duty keeps from it. What takes an amount back is decided with its commission.
create or replace function approver_is_another() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if new.amount_minor <= 0 or new.approved_by = 'system' then return null; end if;
  if commission_conflict(new, 'APPROVE', new.approved_by) is not null then
    raise exception 'Another person must approve this commission.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger approver_is_another after update on commissions
  for each row when (new.status = 'APPROVED' and old.status <> 'APPROVED')
  execute function approver_is_another();
