-- A review is decided once.
create or replace function review_may_change() returns trigger
language plpgsql
as $$
declare how text[] := array['decision', 'decided_by', 'decided_at', 'reason'];
begin
  if old.decision is not null or to_jsonb(new) - how is distinct from to_jsonb(old) - how then
    raise exception 'A fraud review cannot change, except that it is decided once.'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on fraud_reviews for each row execute function review_may_change();
