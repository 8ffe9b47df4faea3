-- Enters rates of a tenant in the order of their days. A rate that moves too far waits for a second person, in
-- proposed_rates. Returns the ids of the rates that wait.
create or replace function enter_rates(tenant text, actor text, given jsonb) returns setof uuid
language plpgsql
as $$
declare entered record;
  older exchange_rates;
begin
  for entered in select t.* from jsonb_to_recordset(given) t (id uuid, base text, quote text, rate numeric, effective_on date)
    order by t.effective_on
  loop
    older := rate_to_compare(tenant, entered.base, entered.quote, entered.effective_on);
    if rate_moves_too_far(tenant, entered.base, entered.rate, older) then
      insert into proposed_rates (id, tenant_id, base, quote, rate, effective_on, created_by, compared_with)
      values (entered.id, tenant, entered.base, entered.quote, entered.rate, entered.effective_on, actor, older.id);
      return next entered.id;
    else
      insert into exchange_rates (id, tenant_id, base, quote, rate, effective_on, created_by)
      values (entered.id, tenant, entered.base, entered.quote, entered.rate, entered.effective_on, actor);
    end if;
  end loop;
end
$$;
