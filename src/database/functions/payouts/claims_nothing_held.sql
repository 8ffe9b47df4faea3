-- Refuses a payout of a held commission.
create or replace function claims_nothing_held() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  if exists (select from claimed i
    join commissions c on c.id = i.commission_id
    join commission_holds h on h.commission_id in (c.id, c.cause_id) and holds_line(h.commission_id, c) and h.released_at is null) then
    raise exception 'A payout cannot pay a held commission.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger nothing_held after insert on payout_items
  referencing new table as claimed
  for each statement execute function claims_nothing_held();
