-- Refuses a commission on a partner's own purchase if the program blocks self-referrals.
create or replace function earns_not_on_itself() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare rules jsonb := (select fraud->'rules' from programs where tenant_id = new.tenant_id);
begin
  if rules is null then return new; end if;
  if (rules->'SAME_USER'->>'mode' = 'BLOCK' or rules->'SAME_EMAIL'->>'mode' = 'BLOCK')
    and buys_from_itself(new.partner_id, new.customer_id,
      coalesce(rules->'SAME_USER'->>'mode' = 'BLOCK', false),
        coalesce(rules->'SAME_EMAIL'->>'mode' = 'BLOCK', false)) then
    raise exception 'A partner earns no commission on its own purchases.' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger not_on_itself before insert on commissions
  for each row when (new.customer_id is not null and new.reverses_id is null and new.adjusts_id is null)
  execute function earns_not_on_itself();
