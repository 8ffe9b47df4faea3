-- An attempt keeps its idempotency key and moves along its transitions.
create or replace function attempt_may_change() returns trigger
language plpgsql
as $$
begin
  if (new.id, new.tenant_id, new.payout_id, new.number, new.key)
    is distinct from (old.id, old.tenant_id, old.payout_id, old.number, old.key) then
    raise exception 'The idempotency key of a payout attempt cannot change.' using errcode = 'integrity_constraint_violation';
  end if;
  if new.status <> old.status
    and (old.status, new.status) not in (('SENDING', 'UNKNOWN'), ('SENDING', 'SENT'), ('SENDING', 'CONFIRMED'),
      ('SENDING', 'FAILED'), ('UNKNOWN', 'SENDING'), ('UNKNOWN', 'SENT'), ('UNKNOWN', 'CONFIRMED'),
        ('UNKNOWN', 'FAILED'),
      ('SENT', 'UNKNOWN'), ('SENT', 'CONFIRMED'), ('SENT', 'FAILED')) then
    raise exception 'A payout attempt cannot change from % to %.', old.status, new.status
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on payout_attempts
  for each row execute function attempt_may_change();
