-- Gives a commission that comes from another one and is owed at once the approver of that one.
create or replace function inherit_approver() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  new.approved_by := coalesce(
    (select s.approved_by from commissions s where s.id = coalesce(new.adjusts_id, new.reverses_id)), 'system');
  return new;
end
$$;

create or replace trigger inherit_approver before insert on commissions
  for each row when (new.status = 'APPROVED' and coalesce(new.adjusts_id, new.reverses_id) is not null)
  execute function inherit_approver();
