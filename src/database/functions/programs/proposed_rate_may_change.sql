-- A proposed rate is decided once, and only its decision changes. A confirmed one counts as its creator proposed it.
create or replace function proposed_rate_may_change() returns trigger
language plpgsql
as $$
declare kept proposed_rates := new;
begin
  kept.status := old.status;
  kept.decided_by := old.decided_by;
  kept.decided_at := old.decided_at;
  kept.reason := old.reason;
  if kept is distinct from old or old.status <> 'WAITING' then
    raise exception 'A proposed exchange rate is decided once and does not change.'
      using errcode = 'integrity_constraint_violation';
  end if;
  if new.status = 'CONFIRMED' and may_be_one(new.created_by, new.decided_by) then
    raise exception 'Another person than its creator must confirm an exchange rate.'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on proposed_rates
  for each row execute function proposed_rate_may_change();
