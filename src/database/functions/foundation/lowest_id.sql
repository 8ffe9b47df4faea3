-- Returns the lowest id that a row created at this instant can have.
create or replace function lowest_id(at timestamptz) returns uuid
language sql immutable strict parallel safe
as $$
  select (lpad(to_hex(greatest(0, floor(extract(epoch from at) * 1000))::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
