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
  -- A limit that was below the amount since the raise was set by another person. Other currencies are not compared.
  select 'RAISE_LIMIT', r.key from programs g cross join jsonb_each(g.limit_raises) r
  where g.tenant_id = o.tenant_id and o.second_approval is null
    and (o.amount_currency <> g.currency or coalesce((r.value->>'least')::bigint >= o.amount_minor, true))
$$;

revoke execute on function acts_on_payout(payouts) from public;
