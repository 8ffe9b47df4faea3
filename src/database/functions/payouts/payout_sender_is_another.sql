-- Refuses to retry or cancel a payout that failed, in a transaction of the person who imported the bank's rejection. At the end
-- of the transaction, because a payment that two people state as paid passes the same status.
create or replace function payout_sender_is_another() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if exists (select from payouts o where o.id = old.id and o.status = new.status) and exists (
    select from (select b from bank_payments b where b.payout_id = old.id order by b.id desc limit 1) last (payment)
    where is_rejection_told_by(last.payment, current_setting('portal.actor', true))) then
    raise exception 'Another person must retry or cancel this payout.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

drop trigger if exists sender_is_another on payouts;
create constraint trigger sender_is_another after update on payouts deferrable initially deferred
  for each row when (old.status = 'FAILED' and old.released_at is null and new.status in ('APPROVED', 'CANCELED'))
  execute function payout_sender_is_another();
