-- Refuses a change of the computation of a commission.
create or replace function computation_stays() returns trigger
language plpgsql
as $$
begin
  if (new.product, new.country, new.line_number, new.adjusts_id, new.order_id, new.stated_by)
      is distinct from (old.product, old.country, old.line_number, old.adjusts_id, old.order_id, old.stated_by)
    or old.unrated is null and (new.rule_id, new.computation) is distinct from (old.rule_id, old.computation) then
    raise exception 'A commission cannot change, except its status.'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger computation_stays before update on commissions
  for each row execute function computation_stays();
