-- Lets a session of a partner change only the named columns of its rows.
create or replace function partner_keeps_its_rows() returns trigger
language plpgsql
as $$
begin
  if coalesce(current_setting('portal.partner', true), '') <> '' and (to_jsonb(new) - tg_argv)
    is distinct from (to_jsonb(old) - tg_argv) then
    raise exception 'A partner can change only these columns: %.', array_to_string(tg_argv, ', ')
      using errcode = 'insufficient_privilege';
  end if;
  return new;
end
$$;

create or replace trigger partner_keeps_its_rows before update on deals
  for each row execute function partner_keeps_its_rows('closed_at');
create or replace trigger partner_keeps_its_rows before update on tracking_links
  for each row execute function partner_keeps_its_rows('name', 'target_url', 'campaign', 'archived_at');
