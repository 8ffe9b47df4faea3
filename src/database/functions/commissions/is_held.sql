-- Returns whether a commission has an open hold, or comes from a commission that has one: the one that it adjusts, or the
-- sale that raised it.
create or replace function is_held(line uuid) returns boolean
language plpgsql stable
as $$
declare
  at_id uuid := line;
  cause uuid;
begin
  while at_id is not null loop
    select c.adjusts_id, c.cause_id into line, cause from commissions c where c.id = at_id;
    if exists (select from commission_holds where commission_id in (at_id, cause) and released_at is null) then
      return true;
    end if;
    at_id := line;
  end loop;
  return false;
end
$$;
