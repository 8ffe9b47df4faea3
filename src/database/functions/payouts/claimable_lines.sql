-- Returns the commissions before an instant that a payout can pay. A refund goes with its commission: together when the
-- commission is paid now (it counts at the time of the commission), afterwards when the commission was paid before.
-- No payout pays a held commission.
create or replace function claimable_lines(partner uuid, only_currency text, ends timestamptz)
returns table (
  id uuid,
  currency text,
  minor bigint,
  occurred_at timestamptz,
  counts_at timestamptz
)
language sql stable
as $$
  select c.id, c.amount_currency, c.amount_minor, c.occurred_at,
    case when c.reverses_id is null or paid.before then c.occurred_at else l.occurred_at end
  from commissions c left join commissions l on l.id = c.reverses_id
  left join lateral (select true as before from payout_items i
    where i.commission_id = l.id and i.voided_at is null limit 1) paid on true
  where c.partner_id = partner and c.status = 'APPROVED'
    and (only_currency is null or c.amount_currency = only_currency)
    and not exists (select from payout_items i where i.commission_id = c.id and i.voided_at is null)
    and (
      (c.reverses_id is null and c.occurred_at < ends
        and not exists (select from commission_holds h
          where h.commission_id in (c.id, c.cause_id) and holds_line(h.commission_id, c) and h.released_at is null))
      or (c.reverses_id is not null and (
        paid.before
        or (l.status = 'APPROVED' and l.occurred_at < ends
          and not exists (select from commission_holds h where h.commission_id = l.id and h.released_at is null)))))
$$;
