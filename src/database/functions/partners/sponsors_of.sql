-- Returns all sponsors above a partner.
create or replace function sponsors_of(partner uuid) returns setof uuid
language sql stable
as $$
  with recursive above as (
    select s.sponsor_id as id from sponsorships s where s.partner_id = partner and s.ended_at is null
    union select s.sponsor_id from above join sponsorships s on s.partner_id = above.id and s.ended_at is null)
  select id from above
$$;
