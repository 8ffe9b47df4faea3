-- Refuses a payout without items, at commit.
create or replace function payout_has_lines() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not exists (select from payout_items where payout_id = new.id) then
    raise exception 'A payout must equal the sum of its commissions.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

drop trigger if exists has_lines on payouts;
create constraint trigger has_lines after insert on payouts deferrable initially deferred
  for each row execute function payout_has_lines();
