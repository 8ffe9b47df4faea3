-- Enters the commissions of payouts that become PAID, and removes those of payouts that are no longer PAID. A payout gets its
-- items while it is PENDING, so its items are complete here; they are voided only after it stopped being PAID.
create or replace function keep_paid_lines() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  delete from paid_lines l using before o, after n, payout_items i
  where n.id = o.id and o.status = 'PAID' and n.status <> 'PAID' and i.payout_id = n.id and i.voided_at is null
    and l.tenant_id = i.tenant_id and l.commission_id = i.commission_id;
  insert into paid_lines (tenant_id, commission_id)
  select i.tenant_id, i.commission_id from before o join after n on n.id = o.id join payout_items i on i.payout_id = n.id
  where o.status <> 'PAID' and n.status = 'PAID' and i.voided_at is null;
  return null;
end
$$;

create or replace trigger keep_paid_lines after update on payouts
  referencing old table as before new table as after
  for each statement execute function keep_paid_lines();
