-- Returns a text in the form in which texts are searched: without case, accents, invisible characters and differences of
-- composition. Stored columns are computed by it, so a change of its result needs a migration that computes them again.
create or replace function searchable(given text) returns text
language sql immutable strict parallel safe
return replace(replace(replace(
  translate(
    lower(regexp_replace(
      normalize(given, nfkd),
      '[\u00ad\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200f\u2060\u20d0-\u20ff\ufe20-\ufe2f\ufeff]',
      '', 'g')),
    'øłđħı', 'oldhi'),
  'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
