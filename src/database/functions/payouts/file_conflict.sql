-- Returns the reason why an actor may not approve a bank file, null if the actor may.
create or replace function file_conflict(f bank_files, by_actor text) returns text
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
  select d.reason from (
    select 'MAKE_FILE' as act, f.created_by as actor
    union all
    select a.act, a.actor from bank_file_items i join bank_payments b on b.id = i.payment_id
    join payout_accounts k on k.id = b.account_id
    cross join lateral (values ('SET_ACCOUNT', k.set_by), ('CONFIRM_ACCOUNT', k.confirmed_by)) a (act, actor)
    where i.file_id = f.id and i.voided_at is null) a
  join duties() d on d.act = 'SIGN_FILE' and d.after = a.act
  where may_be_one(a.actor, by_actor)
  order by d.reason = 'OWN_FILE' desc limit 1
$$;

revoke execute on function file_conflict(bank_files, text) from public;
grant execute on function file_conflict(bank_files, text) to partner_portal_api;
