-- Returns the length and the text of a value; "-" for null.
create or replace function audit_text(value text) returns text
language sql immutable
as $$
  select coalesce(octet_length(value) || ':' || value, '-')
$$;
