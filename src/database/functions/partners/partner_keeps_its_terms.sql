-- Lets a session of a partner change only its contact data. The search text follows from columns, and is not yet computed
-- here.
create or replace function partner_keeps_its_terms() returns trigger
language plpgsql
as $$
begin
  if coalesce(current_setting('portal.partner', true), '') <> '' and
    (to_jsonb(new) - array['contact_name', 'email', 'updated_at', 'search_text'])
    is distinct from (to_jsonb(old) - array['contact_name', 'email', 'updated_at', 'search_text']) then
    raise exception 'A partner can change only its contact data.' using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$$;

create or replace trigger keeps_its_terms before update on partners
  for each row execute function partner_keeps_its_terms();
