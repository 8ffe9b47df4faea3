-- Checks all items of a payout at once: tenant, partner, currency, status, sum and holds. One statement inserts all items
-- of a payout. This replaces two foreign keys, because one look at all rows is cheaper than two for each row; neither
-- commissions nor payouts are ever deleted. If all items of a payout fit, they are one group. A hold has the partner of
-- its commission, and the first subquery starts at the holds, which are few (offset 0 keeps it from starting at the
-- items); the commission that raised a true-up may have another partner. Nested loops by indexes, planned at each call,
-- because a batch is small and a table may have grown since the last one.
create or replace function claims_must_fit() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set plan_cache_mode = force_custom_plan
as $$
declare known boolean; fit boolean; whole boolean; held boolean;
begin
  select bool_and((l.of_tenant = l.tenant_id and p.tenant_id = l.tenant_id) is true),
    bool_and((l.partner_id = p.partner_id and l.amount_currency = p.amount_currency and l.status = 'APPROVED'
      and p.status = 'PENDING') is true),
    bool_and(l.total = p.amount_minor and l.lines = p.commission_count
      and l.lines = (select count(*) from payout_items x where x.payout_id = l.payout_id)),
    bool_or(exists (
        select from commission_holds h where h.partner_id = l.partner_id and h.released_at is null and exists (
          select from payout_items x
          where x.commission_id = h.commission_id and x.payout_id = l.payout_id and x.voided_at is null offset 0))
      or exists (select from commission_holds h where h.commission_id = any(l.causes) and h.released_at is null))
  into known, fit, whole, held
  from (
    select i.payout_id, i.tenant_id, c.tenant_id as of_tenant, c.partner_id, c.amount_currency, c.status,
      sum(c.amount_minor) as total, count(*) as lines,
      array_agg(c.cause_id) filter (where c.cause_id is not null and holds_line(c.cause_id, c)) as causes
    from claimed i left join commissions c on c.id = i.commission_id
    group by i.payout_id, i.tenant_id, c.tenant_id, c.partner_id, c.amount_currency, c.status) l
  left join payouts p on p.id = l.payout_id;
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
  if held then
    raise exception 'A payout cannot pay a held commission.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger must_fit after insert on payout_items
  referencing new table as claimed
  for each statement execute function claims_must_fit();
