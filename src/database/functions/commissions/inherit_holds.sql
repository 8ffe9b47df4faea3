-- Holds a restored or raised commission again when a hold of its sale ended with the commission, and not by a person: a lost
-- dispute and a refund of another sale end holds without a decision. A RISK hold gets a copy of its review.
create or replace function inherit_holds() returns trigger
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  ended record;
  hold uuid;
  review uuid;
begin
  for ended in
    with recursive sources as (
      select s.id, s.adjusts_id from commissions s where s.id = new.adjusts_id
      union all
      select s.id, s.adjusts_id from sources l join commissions s on s.id = l.adjusts_id)
    select distinct on (h.kind) h.* from commission_holds h join sources l on l.id = h.commission_id
    where h.kind in ('RISK', 'MANUAL') and h.ended_with_line
      -- A person who released a copy of the hold has decided.
      and not exists (
        select from commission_holds r join commissions d on d.id = r.commission_id
        where d.item_id = new.item_id and r.kind = h.kind and r.reason = h.reason and r.placed_by = h.placed_by and r.id > h.id
          and r.released_at is not null and not r.ended_with_line)
    order by h.kind, h.id desc
  loop
    hold := new_id();
    insert into commission_holds (id, tenant_id, partner_id, commission_id, kind, reason, evidence, placed_by, placed_at)
    values (hold, new.tenant_id, new.partner_id, new.id, ended.kind, ended.reason, ended.evidence, ended.placed_by, now());
    review := new_id();
    insert into fraud_reviews (id, tenant_id, partner_id, commission_id, customer_id, referral_id, hold_id, outcome, score,
      shadow_score, threshold, amount_minor, amount_currency, assessed_at)
    select review, tenant_id, partner_id, new.id, customer_id, referral_id, hold, outcome, score, shadow_score, threshold,
      new.amount_minor, new.amount_currency, now()
    from fraud_reviews where hold_id = ended.id;
    insert into fraud_hits (id, tenant_id, review_id, rule, mode, weight, evidence)
    select new_id(), h.tenant_id, review, h.rule, h.mode, h.weight, h.evidence
    from fraud_hits h join fraud_reviews v on v.id = h.review_id where v.hold_id = ended.id;
    update commissions set status = 'HELD' where id = new.id and status = 'PENDING';
  end loop;
  return null;
end
$$;

create or replace trigger inherit_holds after insert on commissions
  for each row when (new.type in ('ADJUSTMENT', 'TRUE_UP') and new.carried_by is null and new.status = 'PENDING' and new.amount_minor > 0)
  execute function inherit_holds();
