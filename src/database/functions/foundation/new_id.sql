-- Returns a UUID of version 7. PostgreSQL has uuidv7() from version 18 on; inserts of many rows need it from version
-- 15 on.
create or replace function new_id() returns uuid
language sql
as $$
  select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1),
      53, 1), 'hex')::uuid
$$;
