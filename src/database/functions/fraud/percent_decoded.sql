-- Returns a text with each `%40` replaced by its character. Raises an error for bytes that are no text.
create or replace function percent_decoded(given text) returns text
language sql immutable strict
as $$
  select convert_from(string_agg(
    case when piece[1] ~ '^%.' then decode(substr(piece[1], 2), 'hex') else convert_to(piece[1], 'UTF8') end,
    ''::bytea order by at), 'UTF8')
  from regexp_matches(given, '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') with ordinality p (piece, at)
$$;
