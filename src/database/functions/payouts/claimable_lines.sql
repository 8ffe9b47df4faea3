-- Returns the commissions that a payout can pay. A refund goes with its commission: together when the commission is
-- paid now, afterwards when it was paid before. No payout pays a held commission.
create or replace function claimable_lines(
  partner uuid,
  only_currency text,
  starts timestamptz,
  ends timestamptz
)
returns setof commissions
language sql stable
as $$
  select c.* from commissions c left join commissions l on l.id = c.reverses_id
  where c.partner_id = partner and c.status = 'APPROVED'
    and (only_currency is null or c.amount_currency = only_currency)
    and not exists (select from payout_items i where i.commission_id = c.id and i.voided_at is null)
    and (
      (c.reverses_id is null and c.occurred_at >= starts and c.occurred_at < ends
        and not exists (select from commission_holds h where h.commission_id = c.id and h.released_at is null))
      or (c.reverses_id is not null and (
        exists (select from payout_items i where i.commission_id = l.id and i.voided_at is null)
        or (l.status = 'APPROVED' and l.occurred_at >= starts and l.occurred_at < ends
          and not exists (select from commission_holds h where h.commission_id = l.id and h.released_at is null)))))
$$;
