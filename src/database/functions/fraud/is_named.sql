-- Returns whether one of these texts is an id, with or without dashes.
create or replace function is_named(id uuid, names text[]) returns boolean
language sql immutable
as $$
  select exists (select from unnest(names) n (name) where replace(n.name, '-', '') = replace(id::text, '-', ''))
$$;
