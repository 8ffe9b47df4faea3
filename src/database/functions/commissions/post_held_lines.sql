-- Returns whether a commission is in a payout that was not released.
create or replace function is_claimed(line uuid) returns boolean
language sql stable
as $$
  select exists (select from payout_items where commission_id = line and voided_at is null)
$$;

-- Posts the approved commissions of open disputes out of the payable account, with their refunds and the true-ups that they
-- raised, and back when the dispute
-- ends. A commission in a payout is not held: the payout is still paid. A lost dispute ends at the time of its reversal.
create or replace function post_held_lines(disputed uuid[]) returns void
language sql security definer
set search_path = pg_catalog, public, pg_temp
as $$
  with line as (
    select c.id, c.tenant_id, c.amount_minor, c.amount_currency,
      coalesce((select p.occurred_at from postings p
        where p.tenant_id = h.tenant_id and p.reference = 'commission:' || h.refund_id || ':accrued'),
        h.released_at) as released_at,
      'commission:' || c.id || ':hold:' || h.id as fact,
      '{{accountsOfLine: #payable}}' as payable, '{{accountsOfLine: #held}}' as held, c.partner_id,
      h.released_at is null and c.status = 'APPROVED' and not is_claimed(c.id) and not is_claimed(h.commission_id) as due,
      greatest(h.placed_at, c.approved_at,
        (select max(i.voided_at) from payout_items i where i.commission_id in (c.id, h.commission_id))) as held_at
    from commission_holds h
    join commissions c on (c.id = any(disputed) or c.reverses_id = any(disputed) or c.cause_id = any(disputed))
      and h.commission_id in (c.id, c.reverses_id, c.cause_id) and holds_line(h.commission_id, c)
    where h.commission_id = any(disputed) and h.kind = 'DISPUTE' and c.amount_minor <> 0),
  moved as (
    select l.*, case when l.due then 'held' else 'released' end as what
    from line l
    left join postings h on h.tenant_id = l.tenant_id and h.reference = l.fact || ':held'
    left join postings r on r.tenant_id = l.tenant_id and r.reference = l.fact || ':released'
    where r.id is null and l.due = (h.id is null))
  insert into postings (id, tenant_id, partner_id, reference, from_account, to_account, amount_minor, amount_currency,
    occurred_at)
  select new_id(), m.tenant_id, m.partner_id, m.fact || ':' || m.what,
    case when (m.what = 'held') = (m.amount_minor > 0) then m.payable else m.held end,
    case when (m.what = 'held') = (m.amount_minor > 0) then m.held else m.payable end,
    abs(m.amount_minor), m.amount_currency,
    case when m.due then m.held_at else coalesce(m.released_at, now()) end
  from moved m
$$;

revoke execute on function post_held_lines(uuid[]) from public;

-- At commit, when the hold, its commission and its refunds are final.
create or replace function follow_hold() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform post_held_lines(array[new.commission_id]);
  return null;
end
$$;

drop trigger if exists follow_hold on commission_holds;
create constraint trigger follow_hold after insert or update on commission_holds deferrable initially deferred
  for each row when (new.kind = 'DISPUTE') execute function follow_hold();

create or replace function follow_line() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform post_held_lines(array[coalesce(new.reverses_id, new.id), new.cause_id]);
  return null;
end
$$;

drop trigger if exists follow_refund on commissions;
create constraint trigger follow_refund after insert on commissions deferrable initially deferred
  for each row when (new.reverses_id is not null) execute function follow_line();

drop trigger if exists follow_status on commissions;
create constraint trigger follow_status after update of status on commissions deferrable initially deferred
  for each row when (old.status = 'APPROVED' and new.status <> 'APPROVED' or new.reverses_id is not null)
  execute function follow_line();

create or replace function follow_release() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform post_held_lines(array(
    select h.commission_id from released i join commissions c on c.id = i.commission_id
    join commission_holds h on h.commission_id in (coalesce(c.reverses_id, c.id), c.cause_id) and h.released_at is null));
  return null;
end
$$;

create or replace trigger follow_release after update on payout_items
  referencing new table as released
  for each statement execute function follow_release();
