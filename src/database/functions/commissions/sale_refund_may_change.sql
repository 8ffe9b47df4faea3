-- A refund is settled once. When a dispute gives something back later, the refund takes the rest that it asked for.
create or replace function sale_refund_may_change() returns trigger
language plpgsql
as $$
begin
  if new.settled_at is null or (old.partner_id is not null and old.partner_id <> new.partner_id)
    or (old.settled_at is not null and (new.taken_minor < old.taken_minor or new.unearned_minor < old.unearned_minor
      or new.currency is distinct from old.currency or not new.lines @> old.lines))
    or (to_jsonb(new) - array['partner_id', 'currency', 'settled_at', 'taken_minor', 'unearned_minor', 'lines'])
      is distinct from (to_jsonb(old) - array['partner_id', 'currency', 'settled_at', 'taken_minor',
      'unearned_minor', 'lines']) then
    raise exception 'A refund is settled once, and its reversed amount cannot decrease.'
      using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on sale_refunds
  for each row execute function sale_refund_may_change();
