-- Makes changes of sponsorships of a tenant wait for each other, so that two of them cannot close a circle.
create or replace function sponsors_take_turns(tenant text) returns void
language sql
as $$
  select pg_advisory_xact_lock(hashtextextended('sponsors:' || tenant, 0))
$$;
