-- Checks all items of a payout at once: tenant, partner, currency, status and sum. One statement inserts all items of
-- a payout. This replaces two foreign keys, because one look at all rows is cheaper than two for each row; neither
-- commissions nor payouts are ever deleted. Nested loops, because a batch is small and the size of a growing table is
-- not known to the planner.
create or replace function claims_must_fit() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare known boolean; fit boolean; whole boolean;
begin
  select bool_and(l.known), bool_and(l.fit), bool_and(l.total = l.amount_minor and l.lines = l.commission_count
    and l.lines = (select count(*) from payout_items x where x.payout_id = l.payout_id))
  into known, fit, whole
  from (
    select i.payout_id, p.amount_minor, p.commission_count, sum(c.amount_minor) as total, count(*) as lines,
      bool_and((c.tenant_id = i.tenant_id and p.tenant_id = i.tenant_id) is true) as known,
      bool_and((c.partner_id = p.partner_id and c.amount_currency = p.amount_currency and c.status = 'APPROVED'
        and p.status = 'PENDING') is true) as fit
    from claimed i left join commissions c on c.id = i.commission_id left join payouts p on p.id = i.payout_id
    group by i.payout_id, p.amount_minor, p.commission_count) l;
  if known is false then
    raise exception 'A payout item must name a commission and a payout of its own tenant.'
      using errcode = 'foreign_key_violation', constraint = 'payout_items_of_tenant';
  end if;
  if fit is false then
    raise exception 'A payout can pay only approved commissions of its own partner and currency.'
      using errcode = 'integrity_constraint_violation';
  end if;
  if whole is false then
    raise exception 'A payout must equal the sum of its commissions.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger must_fit after insert on payout_items
  referencing new table as claimed
  for each statement execute function claims_must_fit();
