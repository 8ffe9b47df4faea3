-- Refuses refunds that exceed the commission. The commission is locked, so that two refunds at the same time see each
-- other. A refund uses the rate of its commission; a small one may be zero in its currency.
create or replace function refund_fits() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  perform 1 from commissions where id = new.reverses_id for no key update;
  if exists (
    select from commissions o
    cross join (select sum(base_minor) as base, sum(amount_minor) as amount, sum(sale_minor) as sale from commissions
      where reverses_id = new.reverses_id) r
    where o.id = new.reverses_id and (o.reverses_id is not null or o.partner_id <> new.partner_id
      or o.base_currency <> new.base_currency or o.amount_currency <> new.amount_currency
      or (new.sale_currency, new.exchange) is distinct from (o.sale_currency, o.exchange) or o.unrated is not null
      or new.base_minor > 0 or (new.base_minor = 0 and new.sale_minor is null) or new.sale_minor >= 0
      or -r.base > o.base_minor or -r.amount > o.amount_minor or -r.sale > o.sale_minor)) then
    raise exception 'Refunds cannot reverse more than the commission.' using errcode = 'integrity_constraint_violation';
  end if;
  return null;
end
$$;

create or replace trigger refund_fits after insert on commissions
  for each row when (new.reverses_id is not null)
  execute function refund_fits();
