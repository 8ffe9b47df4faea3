-- Returns the id by which a partner knows a visitor: always the same one, and useless for claiming clicks.
create or replace function visitor_alias(visitor uuid, partner uuid) returns uuid
language sql immutable strict parallel safe
as $$
  select overlay(overlay(md5(visitor::text || partner::text) placing '8' from 13) placing 'a' from 17)::uuid
$$;
