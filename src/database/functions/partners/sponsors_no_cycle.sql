-- Refuses a sponsorship that would make a partner its own sponsor over any number of steps.
create or replace function sponsors_no_cycle() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform sponsors_take_turns(new.tenant_id);
  if new.partner_id in (select * from sponsors_of(new.sponsor_id)) then
    raise exception 'Partner % would become its own sponsor.', new.partner_id using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger no_cycle before insert on sponsorships for each row execute function sponsors_no_cycle();
