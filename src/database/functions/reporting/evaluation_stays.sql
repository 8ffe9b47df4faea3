-- An evaluated month never changes; only a blocked one is tried again.
create or replace function evaluation_stays() returns trigger
language plpgsql
as $$
begin
  raise exception 'The tier evaluation of a month cannot change.' using errcode = 'integrity_constraint_violation';
end
$$;

create or replace trigger evaluation_stays before update on tier_evaluations
  for each row when (old.change <> 'BLOCKED')
  execute function evaluation_stays();
