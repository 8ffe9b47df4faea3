-- Refuses the release of a hold by a person whom a duty keeps from it. A hold that ends with its commission is not released.
create or replace function releaser_is_another() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  if new.released_by <> 'system' and (select commission_conflict(c, 'RELEASE', new.released_by) from commissions c
    where c.id = new.commission_id) is not null then
    raise exception 'Another person must release this hold.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger releaser_is_another after update on commission_holds
  for each row when (new.kind in ('RISK', 'MANUAL') and new.released_at is not null and old.released_at is null
    and not new.ended_with_line)
  execute function releaser_is_another();
