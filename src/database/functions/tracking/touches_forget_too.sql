-- Removes the visitor from a touch when its referral loses the visitor.
create or replace function touches_forget_too() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  update touches t set visitor_id = t.id, ip_hash = null, subs = '{}', country = null,
    code = case when t.code = o.referral_code then n.referral_code else t.code end
  from before o join after n using (id)
  where n.visitor_id = n.id and (o.visitor_id <> o.id or o.referral_code <> n.referral_code)
    and t.id = o.id and t.clicked_at = o.clicked_at;
  return null;
end
$$;

create or replace trigger touches_forget_too after update on referrals
  referencing old table as before new table as after
  for each statement execute function touches_forget_too();
