-- Keeps the earlier e-mail addresses of a partner, so that a purchase from one of them stays a purchase of the partner. An
-- erased partner is deleted first.
create or replace function remember_email() returns trigger
language plpgsql
as $$
begin
  new.earlier_emails := array_append(array_remove(coalesce(old.earlier_emails, '{}'), old.email), old.email);
  return new;
end
$$;

create or replace trigger remember_email before update on partners
  for each row when (new.email <> old.email and new.deleted_at is null)
  execute function remember_email();
