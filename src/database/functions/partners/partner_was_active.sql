-- Returns whether a partner was active at an instant.
create or replace function partner_was_active(partner uuid, at timestamptz) returns boolean
language sql stable
as $$
  select (select h.status from partner_history h where h.partner_id = partner and h.effective_at <= at
    order by h.effective_at desc, h.id desc limit 1) is not distinct from 'ACTIVE'
$$;
