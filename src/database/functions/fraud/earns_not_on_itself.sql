-- Refuses a commission on a partner's own purchase. A sale is judged when it is recorded: one that earns later, because an
-- earlier one was refunded, is not judged again.
create or replace function earns_not_on_itself() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if not exists (select from sale_items i where i.id = new.id and i.created_at < now() - interval '1 minute')
    and is_own_purchase(new.partner_id, (select k.external_id from customers k where k.id = new.customer_id), null) then
    raise exception 'A partner earns no commission on its own purchases.'
      using errcode = 'integrity_constraint_violation', constraint = 'not_on_itself';
  end if;
  return new;
end
$$;

create or replace trigger not_on_itself before insert on commissions
  for each row when (new.customer_id is not null and new.reverses_id is null and new.adjusts_id is null)
  execute function earns_not_on_itself();
