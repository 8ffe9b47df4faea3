-- Returns one spelling for all addresses that reach the same mailbox. normalEmail in src/domain/fraud.ts does the
-- same.
create or replace function normal_email(email text) returns text
language sql immutable strict parallel safe
as $$
  select case when host is null then whole else
    coalesce(nullif(case host when 'gmail.com' then replace(bare, '.', '') else bare end, ''), bare) || '@' || host end
  from (select whole, case when host = 'googlemail.com' then 'gmail.com' else host end as host,
      case when position('+' in local) > 1 then split_part(local, '+', 1) else local end as bare
    from (select whole, substring(whole from '^(.+)@[^@]*$') as local,
        case when whole ~ '^.+@[^@]*$' then substring(whole from '@([^@]*)$') end as host
      from (select lower(btrim(email, E' \t\n\r')) as whole) w) p) n
$$;
