-- Returns the reason why an existing payout is not sent, null if it is sent. Checks all that may have changed since
-- its creation.
create or replace function why_not_sent(o payouts, at timestamptz, rails jsonb) returns text
language sql stable
as $$
  select case
    when p.status <> 'ACTIVE' then 'NOT_ACTIVE'
    when exists (select from payout_holds h where h.partner_id = p.id and h.released_at is null) then 'PAYOUTS_HELD'
    when rails->o.method is null then 'NO_RAIL'
    when o.payout_account_id is null and (rails->o.method->>'account')::boolean then 'NO_ACCOUNT'
    when a.removed_at is not null then 'ACCOUNT_CHANGED'
    when a.usable_from > at then 'ACCOUNT_COOLING_OFF'
    when a.check_asked_at is not null then 'ACCOUNT_TO_CHECK'
  end
  from partners p left join payout_accounts a on a.id = o.payout_account_id where p.id = o.partner_id
$$;
