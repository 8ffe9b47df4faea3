-- Gives a link a code that is unique over all tenants: its path, or its path with a random suffix if a code of another
-- tenant is the same. No error tells what another tenant took. Waits for a transaction that takes the code at the same
-- time.
create or replace function claim_link_code() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if tg_op = 'UPDATE' then
    if new.path = old.path then
      new.code := old.code;
      return new;
    end if;
    delete from claimed_names where space = 'CODE' and name = upper(old.code);
  end if;
  new.code := new.path;
  loop
    insert into claimed_names (space, name) values ('CODE', upper(new.code)) on conflict do nothing;
    exit when found;
    new.code := left(new.path, 57) || '-' || left(md5(gen_random_uuid()::text), 6);
  end loop;
  return new;
end
$$;

create or replace trigger claim_code before insert or update on tracking_links
  for each row execute function claim_link_code();
