-- Returns whether a commission has an open hold.
create or replace function is_held(line uuid) returns boolean
language sql stable
as $$
  select exists (select from commission_holds where commission_id = line and released_at is null)
$$;
