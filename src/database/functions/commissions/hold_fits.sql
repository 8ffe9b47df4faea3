-- Refuses a hold that its commission cannot have.
create or replace function hold_fits() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not exists (select from commissions
    where id = new.commission_id and partner_id = new.partner_id and reverses_id is null
      and (new.kind <> 'FX' or unrated is not null) and amount_minor >= 0
      and (status in ('PENDING', 'HELD') or (status = 'APPROVED' and new.kind = 'DISPUTE'))) then
    raise exception 'A hold needs a pending or held commission of the same partner. Only a dispute may hold an approved one.'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger must_fit before insert on commission_holds for each row execute function hold_fits();
