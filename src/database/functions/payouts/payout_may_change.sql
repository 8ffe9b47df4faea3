-- Only the status of a payout changes, along the moves of src/domain/payout.ts.
create or replace function payout_may_change() returns trigger
language plpgsql
as $$
begin
  if (
      new.id, new.tenant_id, new.partner_id, new.method, new.amount_minor, new.amount_currency, new.commission_count,
      new.created_by
    ) is distinct from (
      old.id, old.tenant_id, old.partner_id, old.method, old.amount_minor, old.amount_currency, old.commission_count,
      old.created_by
    )
  then
    raise exception 'A payout cannot change, except its status.' using errcode = 'integrity_constraint_violation';
  end if;
  if new.status <> old.status and (old.status, new.status) not in ({{payoutMoves: ('#from', '#to')}}) then
    raise exception 'A payout cannot change from % to %.', old.status, new.status
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on payouts for each row execute function payout_may_change();
