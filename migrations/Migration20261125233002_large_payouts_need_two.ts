import { Migration } from '@mikro-orm/migrations';

/** Above a program's limit two people let a payout go, neither of whom made it; so they do where amounts that are each
 *  below it go to one partner within some days and come to more. */
export class Migration20261125233002_large_payouts_need_two extends Migration {
  override up(): void {
    this.addSql(`alter table programs add column second_approval_above_minor bigint null check (second_approval_above_minor >= 0),
      add column split_days int not null default 7 check (split_days between 1 and 90)`);
    this.addSql(`alter table payouts
      add column second_approval text null constraint payouts_second_approval check (second_approval in ('ABOVE_LIMIT', 'NO_RATE', 'SPLIT')),
      add column first_approved_by text null, add column first_approved_at timestamptz(3) null,
      add constraint payouts_two_people check (first_approved_by <> created_by and first_approved_by <> approved_by),
      add constraint payouts_first_approved check ((first_approved_by is null) = (first_approved_at is null)),
      add constraint payouts_approved_by_two check (status in ('PENDING', 'CANCELED') or second_approval is null or first_approved_by is not null)`);
    this.addSql(`create index payouts_run_pending on payouts (run_id, id) where status = 'PENDING'`);

    // Why a payout that was made is not let go, or null: what may have changed since it was made.
    this.addSql(`
      create function why_not_sent(o payouts, at timestamptz, rails jsonb) returns text language sql stable as $$
        select case
          when p.status <> 'ACTIVE' then 'NOT_ACTIVE'
          when exists (select from payout_holds h where h.partner_id = p.id and h.released_at is null) then 'PAYOUTS_HELD'
          when rails->o.method is null then 'NO_RAIL'
          when o.payout_account_id is null and (rails->o.method->>'account')::boolean then 'NO_ACCOUNT'
          when a.removed_at is not null then 'ACCOUNT_CHANGED'
          when a.usable_from > at then 'ACCOUNT_COOLING_OFF'
        end
        from partners p left join payout_accounts a on a.id = o.payout_account_id where p.id = o.partner_id
      $$`);

    // Whether two credentials may be one person: the same, or API keys of which one person has seen the secrets.
    this.addSql(`
      create function may_be_one(one text, other text) returns boolean language sql stable as $$
        select one = other or exists (
          select from (select unnest(coalesce((select k.seen_by from api_keys k where 'key:' || k.id = one), array[one]))) a (person)
          join (select unnest(coalesce((select k.seen_by from api_keys k where 'key:' || k.id = other), array[other]))) b (person) using (person))
      $$`);
  }
}
