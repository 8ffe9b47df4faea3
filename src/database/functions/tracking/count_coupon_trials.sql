-- A free trial uses the coupon that brought its customer. The later purchases of the customer do not.
create or replace function count_coupon_trials() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  update coupons set uses = uses + 1 where id = new.coupon_id;
  return null;
end
$$;

create or replace trigger count_coupon_trials after insert on conversions
  for each row when (new.coupon_id is not null and new.is_trial and new.refused is null)
  execute function count_coupon_trials();
