-- Lets a sponsorship only end, once.
create or replace function sponsorship_may_change() returns trigger
language plpgsql
as $$
declare how text[] := array['ended_at', 'ended_by'];
begin
  if old.ended_at is not null or to_jsonb(new) - how is distinct from to_jsonb(old) - how then
    raise exception 'A sponsorship cannot change, except that it ends once.' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on sponsorships
  for each row execute function sponsorship_may_change();
