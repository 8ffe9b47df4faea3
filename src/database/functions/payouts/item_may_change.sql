-- An item of a payout is only voided, once, and only when the payout failed, was canceled or was returned.
create or replace function item_may_change() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  kept payout_items := new;
begin
  kept.voided_at := old.voided_at; -- every other column stays as it was
  if old.voided_at is not null or kept is distinct from old then
    raise exception 'A payout item cannot change, except that it can be released once.' using errcode = 'integrity_constraint_violation';
  end if;
  if not exists (select from payouts where id = old.payout_id and status in ('CANCELED', 'FAILED', 'RETURNED')) then
    raise exception 'A payout that is under way or paid keeps its commissions.'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on payout_items for each row execute function item_may_change();
