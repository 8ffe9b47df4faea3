-- Referral codes and link paths are one space over all tenants. A transaction that takes a word waits for another one
-- that takes it at the same time.
create or replace function word_is_free() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare word text := upper(to_jsonb(new)->>tg_argv[0]);
begin
  perform pg_advisory_xact_lock(hashtextextended('code:' || word, 0));
  if (tg_table_name = 'partners' and exists (select from tracking_links where upper(path) = word))
    or (tg_table_name = 'tracking_links' and exists (select from partners where referral_code = word)) then
    raise unique_violation using message = 'the path is taken', constraint = 'tracking_links_path';
  end if;
  return new;
end
$$;

create or replace trigger word_is_free before insert or update of referral_code on partners
  for each row execute function word_is_free('referral_code');
create or replace trigger word_is_free before insert or update of path on tracking_links
  for each row execute function word_is_free('path');
