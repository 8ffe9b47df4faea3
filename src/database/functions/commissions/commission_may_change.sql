-- Only the status of a commission changes, along the moves of src/domain/commission.ts. The amount is computed once:
-- when the commission is created or when its exchange rate is known.
create or replace function commission_may_change() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  rated boolean := old.unrated is not null and new.unrated is null
    and old.status = 'HELD' and new.status = 'HELD' and new.exchange is not null;
begin
  if (
      new.id, new.tenant_id, new.partner_id, new.customer_id, new.referral_id, new.conversion_id, new.reverses_id,
      new.type, new.base_currency, new.amount_currency, new.revenue_minor, new.occurred_at, new.created_by,
      new.sale_minor, new.sale_currency
    ) is distinct from (
      old.id, old.tenant_id, old.partner_id, old.customer_id, old.referral_id, old.conversion_id, old.reverses_id,
      old.type, old.base_currency, old.amount_currency, old.revenue_minor, old.occurred_at, old.created_by,
      old.sale_minor, old.sale_currency
    )
    or not rated and (
      new.method, new.base_minor, new.rate_bps, new.per_unit_minor, new.quantity, new.rounding_mode, new.amount_minor,
      new.exchange, new.unrated
    ) is distinct from (
      old.method, old.base_minor, old.rate_bps, old.per_unit_minor, old.quantity, old.rounding_mode, old.amount_minor,
      old.exchange, old.unrated
    )
  then
    raise exception 'A commission cannot change, except its status.'
      using errcode = 'integrity_constraint_violation';
  end if;
  if new.status = old.status then return new; end if;
  if (old.status, new.status) not in ({{commissionMoves: ('#from', '#to')}}) then
    raise exception 'A commission cannot change from % to %.', old.status, new.status
      using errcode = 'integrity_constraint_violation';
  end if;
  if new.unrated is not null and new.status not in ('HELD', 'REJECTED') then
    raise exception 'A commission without its exchange rate stays held.'
      using errcode = 'integrity_constraint_violation';
  end if;
  if new.status in ('PENDING', 'APPROVED') and is_held(old.id) then
    raise exception 'A commission with an open hold stays held.' using errcode = 'integrity_constraint_violation';
  end if;
  if new.status = 'HELD' and not is_held(old.id) then
    raise exception 'A commission can only be held by an open hold.' using errcode = 'integrity_constraint_violation';
  end if;
  if old.status = 'APPROVED'
    and exists (select from payout_items where commission_id = old.id and voided_at is null) then
    raise exception 'The status of a commission in a payout cannot change.' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on commissions
  for each row execute function commission_may_change();
