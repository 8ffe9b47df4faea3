-- Refuses a change of a fraud hit, except the erasure of its evidence.
create or replace function fraud_may_change() returns trigger
language plpgsql
as $$
begin
  if to_jsonb(new) - 'evidence' is distinct from to_jsonb(old) - 'evidence' or new.evidence is not null then
    raise exception 'A fraud hit cannot change, except that its evidence can be erased.'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on fraud_hits for each row execute function fraud_may_change();
