-- Returns one spelling for all addresses that reach the same mailbox. normalEmail in src/domain/fraud.ts does the
-- same. Every sale asks this several times, and a function in SQL would take five times as long.
create or replace function normal_email(email text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  whole text := lower(btrim(email, E' \t\n\r'));
  parts text[] := regexp_match(whole, '^(.+)@([^@]*)$');
  mailbox text := parts[1];
  host text := parts[2];
begin
  if parts is null then return whole; end if;
  if position('+' in mailbox) > 1 then mailbox := split_part(mailbox, '+', 1); end if;
  if host = 'googlemail.com' then host := 'gmail.com'; end if;
  if host = 'gmail.com' then mailbox := coalesce(nullif(replace(mailbox, '.', ''), ''), mailbox); end if;
  return mailbox || '@' || host;
end
$$;
