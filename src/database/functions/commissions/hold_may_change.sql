-- A hold is only released, once.
create or replace function hold_may_change() returns trigger
language plpgsql
as $$
begin
  if old.released_at is not null
    or (new.id, new.tenant_id, new.partner_id, new.commission_id, new.kind, new.reason, new.evidence, new.placed_by,
    new.placed_at)
      is distinct from (old.id, old.tenant_id, old.partner_id, old.commission_id, old.kind, old.reason, old.evidence,
        old.placed_by, old.placed_at) then
    raise exception 'A hold cannot change, except that it can be released once.' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on commission_holds for each row execute function hold_may_change();
