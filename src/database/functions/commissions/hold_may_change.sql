-- A hold is only released, once.
create or replace function hold_may_change() returns trigger
language plpgsql
as $$
declare
  kept commission_holds := new;
begin
  -- Every column stays as it was, except the columns named here.
  kept.released_by := old.released_by;
  kept.released_at := old.released_at;
  kept.release_reason := old.release_reason;
  kept.outcome := old.outcome;
  kept.refund_id := old.refund_id;
  kept.ended_with_line := old.ended_with_line;
  if old.released_at is not null or kept is distinct from old then
    raise exception 'A hold cannot change, except that it can be released once.' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on commission_holds for each row execute function hold_may_change();
