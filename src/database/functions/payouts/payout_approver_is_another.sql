-- Refuses an approval of a payout by a person whom a duty keeps from it.
create or replace function payout_approver_is_another() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if conflict_of_interest(old, coalesce(new.approved_by, new.first_approved_by)) is not null then
    raise exception 'Another person must approve this payout.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger approver_is_another after update on payouts
  for each row when (new.approved_by is distinct from old.approved_by
    or new.first_approved_by is distinct from old.first_approved_by and new.first_approved_by is not null)
  execute function payout_approver_is_another();
