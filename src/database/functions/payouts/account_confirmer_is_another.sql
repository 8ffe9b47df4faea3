-- Refuses the confirmation of a payout account by the person who set it, except in a session of the partner itself.
create or replace function account_confirmer_is_another() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if may_be_one(new.set_by, new.confirmed_by) and coalesce(current_setting('portal.partner', true), '') = '' then
    raise exception 'Another person must confirm this payout account.' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger confirmer_is_another before update on payout_accounts
  for each row when (new.confirmed_by is distinct from old.confirmed_by and new.confirmed_by is not null)
  execute function account_confirmer_is_another();
