-- Returns the reason why an actor may not approve a payout, null if the actor may. An approver gets none of the money,
-- did not create the payout and did not set the account.
create or replace function conflict_of_interest(o payouts, actor text) returns text
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select case
    when may_be_one(o.created_by, actor) then 'OWN_PAYOUT'
    when is_member_of(actor, o.partner_id) then 'OWN_PARTNER'
    when exists (select from payout_accounts a where a.id = o.payout_account_id and may_be_one(a.set_by, actor))
      then 'OWN_ACCOUNT'
  end
$$;

revoke execute on function conflict_of_interest(payouts, text) from public;
grant execute on function conflict_of_interest(payouts, text) to partner_portal_api;
