-- Only the status of a payout changes, along the moves of src/domain/payout.ts.
create or replace function payout_may_change() returns trigger
language plpgsql
as $$
declare
  kept payouts := new;
begin
  -- Every column stays as it was, except the columns named here.
  kept.status := old.status;
  kept.run_id := old.run_id;
  kept.payout_account_id := old.payout_account_id;
  kept.second_approval := old.second_approval;
  kept.first_approved_by := old.first_approved_by;
  kept.first_approved_at := old.first_approved_at;
  kept.approved_by := old.approved_by;
  kept.approved_at := old.approved_at;
  kept.attempts := old.attempts;
  kept.provider_reference := old.provider_reference;
  kept.outcome_unknown_since := old.outcome_unknown_since;
  kept.action_required := old.action_required;
  kept.failure_reason := old.failure_reason;
  kept.paid_at := old.paid_at;
  kept.released_at := old.released_at;
  kept.metadata := old.metadata;
  kept.updated_at := old.updated_at;
  if kept is distinct from old then
    raise exception 'A payout cannot change, except its status.' using errcode = 'integrity_constraint_violation';
  end if;
  if old.second_approval is not null and new.second_approval is null then
    raise exception 'A payout that needed two approvals goes on needing two.'
      using errcode = 'integrity_constraint_violation';
  end if;
  if new.status <> old.status and (old.status, new.status) not in ({{payoutMoves: ('#from', '#to')}}) then
    raise exception 'A payout cannot change from % to %.', old.status, new.status
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on payouts for each row execute function payout_may_change();
