-- Keeps the names of a column in claimed_names, so that a name is unique over all tenants, although no unique index of
-- the table could see other tenants once tables are distributed by tenant. Arguments: the space of the names, the
-- column, and the name of the constraint to report. A transaction that takes a name waits for another one that takes
-- it at the same time. Runs after the row was written, so that row-level security is checked first and a name tells
-- nothing about other tenants.
create or replace function claim_name() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  taken text := to_jsonb(new)->>tg_argv[1];
  given_up text := case when tg_op = 'UPDATE' then to_jsonb(old)->>tg_argv[1] end;
begin
  if tg_argv[0] = 'CODE' then
    taken := upper(taken);
    given_up := upper(given_up);
  end if;
  if taken is not distinct from given_up then return null; end if;
  delete from claimed_names where space = tg_argv[0] and name = given_up;
  if taken is null then return null; end if;
  insert into claimed_names (space, name) values (tg_argv[0], taken) on conflict do nothing;
  if not found then
    raise unique_violation using message = format('%s is taken', to_jsonb(new)->>tg_argv[1]), constraint = tg_argv[2];
  end if;
  return null;
end
$$;

create or replace trigger claim_code after insert or update of referral_code on partners
  for each row execute function claim_name('CODE', 'referral_code', 'partners_referral_code');
create or replace trigger claim_domain after insert or update of domain on white_label_configs
  for each row execute function claim_name('DOMAIN', 'domain', 'white_label_configs_domain');
create or replace trigger claim_organisation after insert or update of identity_org_id on partners
  for each row execute function claim_name('PARTNER_ORGANISATION', 'identity_org_id', 'partners_identity_org_id');
create or replace trigger claim_organisation after insert or update of identity_org_id on programs
  for each row execute function claim_name('PROGRAM_ORGANISATION', 'identity_org_id', 'programs_identity_org_id');
