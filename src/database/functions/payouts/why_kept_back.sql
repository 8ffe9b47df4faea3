-- Returns the reason why a bank payment is kept out of bank files, null if it is not. Days may pass between approval
-- and file.
create or replace function why_kept_back(b bank_payments, at timestamptz) returns text
language sql stable
as $$
  select case
    when b.difference is not null then 'BANK_DIFFERS'
    when p.status <> 'ACTIVE' then 'NOT_ACTIVE'
    when exists (select from payout_holds h where h.partner_id = p.id and h.released_at is null) then 'PAYOUTS_HELD'
    when a.usable_from > at then 'ACCOUNT_COOLING_OFF'
    when a.check_asked_at is not null then 'ACCOUNT_TO_CHECK'
  end
  from partners p join payout_accounts a on a.id = b.account_id where p.id = b.partner_id
$$;
