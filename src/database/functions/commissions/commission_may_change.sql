-- Only the status of a commission changes, along the moves of src/domain/commission.ts. The amount is computed once:
-- when the commission is created or when its exchange rate is known.
create or replace function commission_may_change() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  kept commissions := new;
begin
  -- Every column stays as it was, except the columns named here.
  kept.status := old.status;
  kept.approved_by := old.approved_by;
  kept.approved_at := old.approved_at;
  kept.reason := old.reason;
  kept.reject_code := old.reject_code;
  kept.hold_until := old.hold_until;
  kept.metadata := old.metadata;
  kept.updated_at := old.updated_at;
  if old.unrated is not null and new.unrated is null
    and old.status = 'HELD' and new.status = 'HELD'
    and (new.exchange is null) = (old.sale_currency is null) then
    kept.method := old.method;
    kept.base_minor := old.base_minor;
    kept.rate_bps := old.rate_bps;
    kept.rate_source := old.rate_source;
    kept.tier := old.tier;
    kept.per_unit_minor := old.per_unit_minor;
    kept.quantity := old.quantity;
    kept.rounding_mode := old.rounding_mode;
    kept.amount_minor := old.amount_minor;
    kept.exchange := old.exchange;
    kept.unrated := old.unrated;
    kept.rule_id := old.rule_id;
    kept.computation := old.computation;
  end if;
  if kept is distinct from old then
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
