-- Refuses an unknown time zone.
create or replace function time_zone_is_known() returns trigger
language plpgsql
as $$
begin
  perform now() at time zone new.time_zone;
  return new;
end
$$;

create or replace trigger time_zone_is_known before insert or update of time_zone on programs
  for each row execute function time_zone_is_known();
