-- Returns whether an item is a purchase that is left: not refunded in full, rejected or lost in a dispute.
create or replace function sale_counts(item sale_items) returns boolean
language sql immutable
as $$
  select item.is_purchase and not item.is_out and item.refunded_minor < item.sold_minor
$$;

-- A coupon is used while its sale counts. A full refund, a rejection and a lost dispute give the use back; a dispute that is
-- won takes it again, although other sales may have used the coupon up by then.
create or replace function count_coupon_uses() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
begin
  update coupons q set uses = q.uses + case when sale_counts(new) then 1 else -1 end
  from conversions v where v.id = new.conversion_id and q.id = v.coupon_id;
  return null;
end
$$;

create or replace trigger count_coupon_uses after insert on sale_items
  for each row when (new.conversion_id is not null and sale_counts(new))
  execute function count_coupon_uses();

create or replace trigger recount_coupon_uses after update of is_out, refunded_minor on sale_items
  for each row when (new.conversion_id is not null and sale_counts(new) <> sale_counts(old))
  execute function count_coupon_uses();
