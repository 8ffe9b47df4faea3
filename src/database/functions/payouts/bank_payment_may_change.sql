-- Refuses a change of the payee, amount and payout of a bank payment, and a transition that is not allowed.
create or replace function bank_payment_may_change() returns trigger
language plpgsql
as $$
begin
  if (to_jsonb(new) - array['status', 'code', 'reason', 'correction', 'difference', 'updated_at'])
    is distinct from (to_jsonb(old) - array['status', 'code', 'reason', 'correction', 'difference',
      'updated_at']) then
    raise exception 'The payee, amount and payout of a bank payment cannot change.' using errcode = 'check_violation';
  end if;
  if new.status <> old.status and (old.status, new.status) not in (
    ('WAITING', 'IN_FILE'), ('WAITING', 'REJECTED'), ('IN_FILE', 'WAITING'), ('IN_FILE', 'ACCEPTED'),
      ('IN_FILE', 'PAID'),
    ('IN_FILE', 'REJECTED'), ('IN_FILE', 'RETURNED'), ('ACCEPTED', 'PAID'), ('ACCEPTED', 'REJECTED'),
      ('ACCEPTED', 'RETURNED'),
    ('PAID', 'RETURNED'))
    and not (old.status = 'WAITING' and new.status = 'PAID' and old.difference is not null) then
    raise exception 'A bank payment cannot change from % to %.', old.status, new.status
      using errcode = 'check_violation';
  end if;
  new.updated_at := now();
  return new;
end
$$;

create or replace trigger may_change before update on bank_payments
  for each row execute function bank_payment_may_change();
