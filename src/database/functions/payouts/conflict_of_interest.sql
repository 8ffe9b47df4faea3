-- Returns the reason why an actor may not approve a payout, null if the actor may: a duty of src/domain/duties.ts, or the
-- actor gets some of the money.
create or replace function conflict_of_interest(o payouts, actor text) returns text
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select reason from (
    select 2 as rank, 'OWN_PARTNER' as reason where is_member_of(actor, o.partner_id)
    union all
    select case d.reason when 'OWN_PAYOUT' then 1 when 'SECOND_APPROVER_NEEDED' then 9 else 3 end, d.reason
    from acts_on_payout(o) a join duties() d on d.after = a.act
      and d.act = case when o.first_approved_by is null or o.second_approval is null then 'APPROVE_PAYOUT' else 'SECOND_APPROVAL' end
    where may_be_one(a.actor, conflict_of_interest.actor)) b
  order by rank, reason limit 1
$$;

revoke execute on function conflict_of_interest(payouts, text) from public;
grant execute on function conflict_of_interest(payouts, text) to partner_portal_api;
