-- Returns whether a commission has an open hold, or comes from a commission that has one.
create or replace function is_held(line uuid) returns boolean
language plpgsql stable
as $$
declare at_id uuid := line;
begin
  while at_id is not null loop
    if exists (select from commission_holds where commission_id = at_id and released_at is null) then return true; end if;
    at_id := (select adjusts_id from commissions where id = at_id);
  end loop;
  return false;
end
$$;
