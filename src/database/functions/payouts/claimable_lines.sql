-- Returns the commissions before an instant that a payout can pay. A refund goes with its commission: together when the
-- commission is paid now (it counts at the time of the commission), afterwards when the commission was paid before.
-- No payout pays a held commission. has_holds is false if no commission of the partner has an open hold; then only the
-- commissions that raised a true-up are looked up, because they may be another partner's.
create or replace function claimable_lines(partner uuid, only_currency text, ends timestamptz, has_holds boolean)
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
    case when c.reverses_id is null
      or exists (select from payout_items i where i.commission_id = l.id and i.voided_at is null)
      then c.occurred_at else l.occurred_at end
  from commissions c left join commissions l on l.id = c.reverses_id
  where c.partner_id = partner and c.status = 'APPROVED'
    and (only_currency is null or c.amount_currency = only_currency)
    and not exists (select from payout_items i where i.commission_id = c.id and i.voided_at is null)
    and case when c.reverses_id is null
      then c.occurred_at < ends
        and not (has_holds
          and exists (select from commission_holds h where h.commission_id = c.id and h.released_at is null))
        and (c.cause_id is null or not holds_line(c.cause_id, c)
          or not exists (select from commission_holds h where h.commission_id = c.cause_id and h.released_at is null))
      else exists (select from payout_items i where i.commission_id = l.id and i.voided_at is null)
        or l.status = 'APPROVED' and l.occurred_at < ends
          and not (has_holds
            and exists (select from commission_holds h where h.commission_id = l.id and h.released_at is null)) end
$$;
