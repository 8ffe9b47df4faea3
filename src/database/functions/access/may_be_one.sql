-- Returns whether two credentials may be the same person: they are equal, or they are API keys whose secrets one person
-- has seen.
create or replace function may_be_one(one text, other text) returns boolean
language sql stable
as $$
  select one = other or exists (
    select from (select unnest(coalesce((select k.seen_by from api_keys k where 'key:' || k.id = one),
      array[one]))) a (person)
    join (select unnest(coalesce((select k.seen_by from api_keys k where 'key:' || k.id = other),
      array[other]))) b (person) using (person))
$$;
