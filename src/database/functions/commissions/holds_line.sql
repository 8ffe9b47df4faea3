-- Returns whether the hold of a commission holds another one too: its refunds, and the true-ups that its sale raised.
create or replace function holds_line(held uuid, line commissions) returns boolean
language sql immutable
as $$
  select held = line.id or held = line.reverses_id
    or held = line.cause_id and line.type = 'TRUE_UP' and line.amount_minor > 0
$$;
