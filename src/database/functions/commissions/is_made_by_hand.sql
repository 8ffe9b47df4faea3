-- Returns whether a person created a commission by hand, or the commission from which it comes.
create or replace function is_made_by_hand(line uuid) returns boolean
language plpgsql stable
as $$
declare root commissions;
begin
  select * into root from commissions where id = line;
  while root.created_by is null and coalesce(root.adjusts_id, root.reverses_id) is not null loop
    select * into root from commissions c where c.id = coalesce(root.adjusts_id, root.reverses_id);
  end loop;
  return root.created_by is not null;
end
$$;
