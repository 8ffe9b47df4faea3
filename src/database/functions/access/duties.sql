-- The table of src/domain/duties.ts: a person must not do an act after another act on the same money.
create or replace function duties() returns table (act text, after text, of_source boolean, reason text)
language sql immutable
as $$
  values {{duties: ('#act', '#after', #ofSource, '#reason')}}
$$;
