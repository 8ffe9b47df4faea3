-- Returns a text in lower case without percent-encoding, also if it is encoded twice, with one notation for each character and
-- without characters that have no width.
create or replace function decoded_text(given text) returns text
language plpgsql immutable strict
as $$
declare
  plain text := given;
begin
  for round in 1..3 loop
    exit when plain !~ '%[0-9A-Fa-f]{2}';
    begin
      plain := percent_decoded(plain);
    exception when character_not_in_repertoire or untranslatable_character then
      -- Bytes that are no text must not hide the others.
      plain := percent_decoded(regexp_replace(plain, '%(0[0-9a-f]|1[0-9a-f]|7f|[89a-f][0-9a-f])', '', 'gi'));
    end;
  end loop;
  if octet_length(plain) > char_length(plain) then
    plain := normalize(regexp_replace(plain, '[\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufeff]', '', 'g'), NFKC);
  end if;
  return btrim(lower(plain));
end
$$;
