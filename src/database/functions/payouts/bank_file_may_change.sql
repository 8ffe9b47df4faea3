-- A bank file keeps its content and moves along its transitions.
create or replace function bank_file_may_change() returns trigger
language plpgsql
as $$
begin
  if new.status <> old.status
    and (old.status, new.status) not in (('DRAFT', 'APPROVED'), ('DRAFT', 'CANCELED'), ('APPROVED', 'CANCELED'))
    or (new.format, new.sha256, new.payment_count, new.total_minor, new.total_currency, new.created_by,
      new.execute_on)
      is distinct from (old.format, old.sha256, old.payment_count, old.total_minor, old.total_currency,
        old.created_by, old.execute_on)
    or (old.approved_by is not null and new.approved_by is distinct from old.approved_by)
      or new.downloads < old.downloads then
    raise exception 'This change of a bank file is not allowed.' using errcode = 'check_violation';
  end if;
  return new;
end
$$;

create or replace trigger may_change before update on bank_files for each row execute function bank_file_may_change();
