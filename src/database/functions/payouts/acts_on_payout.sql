-- Returns who did what about a payout before its approval.
create or replace function acts_on_payout(o payouts) returns table (act text, actor text)
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select 'MAKE_PAYOUT', o.created_by
  union all
  select 'APPROVE_PAYOUT', o.first_approved_by where o.first_approved_by is not null
  union all
  select a.act, a.actor from payout_accounts k
  cross join lateral (values ('SET_ACCOUNT', k.set_by), ('CONFIRM_ACCOUNT', k.confirmed_by)) a (act, actor)
  where k.id = o.payout_account_id and a.actor is not null
  union all
  select 'RAISE_LIMIT', g.limit_raised_by from programs g
  where g.tenant_id = o.tenant_id and g.limit_raised_by is not null and o.second_approval is null
$$;

revoke execute on function acts_on_payout(payouts) from public;
