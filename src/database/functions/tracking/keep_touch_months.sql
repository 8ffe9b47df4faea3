-- Creates the coming months of touches and drops those that are to be forgotten. Clicks wait while a month comes or
-- goes, and this waits for readers at most three seconds; the job tries again.
create or replace function keep_touch_months(at timestamptz, older_than timestamptz) returns int
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '3s'
as $$
declare month record; gone int := 0; rows int;
begin
  if coalesce(current_setting('portal.tenant', true), '') <> '*' then
    raise exception 'Only a session for all tenants may remove touches.' using errcode = 'insufficient_privilege';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('touches_by_month', 0));
  perform make_touch_months(at::date, 4);
  for month in select c.relname as name from pg_class c
    where c.relnamespace = 'touches_by_month'::regnamespace and c.relkind = 'r'
      and c.relname ~ '^m[0-9]{6}$'
        and to_date(substr(c.relname, 2), 'YYYYMM') + interval '1 month' <= older_than at time zone 'UTC' loop
    execute format('alter table touches detach partition touches_by_month.%I', month.name);
    execute format('drop table touches_by_month.%I', month.name);
    gone := gone + 1;
  end loop;
  delete from touches_by_month.other where clicked_at < older_than;
  return gone;
end
$$;

revoke execute on function keep_touch_months(timestamptz, timestamptz) from public;
grant execute on function keep_touch_months(timestamptz, timestamptz) to partner_portal_api;
