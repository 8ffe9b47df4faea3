-- A rate that moves too far counts only when another person than its creator confirmed it.
create or replace function rate_fits() returns trigger
language plpgsql
as $$
begin
  if new.confirmed_by is not null and may_be_one(new.created_by, new.confirmed_by) then
    raise exception 'Another person than its creator must confirm an exchange rate.'
      using errcode = 'integrity_constraint_violation';
  end if;
  if new.confirmed_by is null and rate_moves_too_far(new.tenant_id, new.base, new.rate,
    rate_to_compare(new.tenant_id, new.base, new.quote, new.effective_on)) then
    raise exception 'A second person must confirm an exchange rate that moves by more than the limit of the program.'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger must_fit before insert on exchange_rates for each row execute function rate_fits();
