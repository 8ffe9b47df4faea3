-- When a customer is given to another partner, its subscriptions follow.
create or replace function subscriptions_follow() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  -- A sale of a known customer runs this too, without a row.
  if not exists (select from after) then return null; end if;
  update customer_subscriptions s set partner_id = n.partner_id, updated_at = now()
  from before o join after n using (id)
  where n.partner_id is not null and n.partner_id is distinct from o.partner_id and s.customer_id = n.id;
  return null;
end
$$;

create or replace trigger subscriptions_follow after update on customers
  referencing old table as before new table as after
  for each statement execute function subscriptions_follow();
