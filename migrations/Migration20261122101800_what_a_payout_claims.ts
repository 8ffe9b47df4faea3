import { Migration } from '@mikro-orm/migrations';

export class Migration20261122101800_what_a_payout_claims extends Migration {
  override up(): void {
    // A refund goes with its line: with it when the line is claimed now, after it when the line was claimed before.
    this.addSql(`
      create function claimable_lines(partner uuid, currency text, starts timestamptz, ends timestamptz)
      returns setof commissions language sql stable as $$
        select c.* from commissions c left join commissions l on l.id = c.reverses_id
        where c.partner_id = partner and c.amount_currency = currency and c.status = 'APPROVED'
          and not exists (select from payout_items i where i.commission_id = c.id and i.voided_at is null)
          and (
            (c.reverses_id is null and c.occurred_at >= starts and c.occurred_at < ends)
            or (c.reverses_id is not null and (
              exists (select from payout_items i where i.commission_id = l.id and i.voided_at is null)
              or (l.status = 'APPROVED' and l.occurred_at >= starts and l.occurred_at < ends))))
      $$`);

    // The day after the last whole period before or at \`today\`.
    this.addSql(`
      create function payout_period_end(frequency text, today date) returns date language sql immutable as $$
        select case frequency
          when 'WEEKLY' then date_trunc('week', today)::date
          when 'BIWEEKLY' then date '2024-01-01' + ((today - date '2024-01-01') / 14) * 14
          when 'MONTHLY' then date_trunc('month', today)::date
          when 'QUARTERLY' then date_trunc('quarter', today)::date end
      $$`);
    this.addSql(`
      create function payout_period_start(frequency text, ends date) returns date language sql immutable as $$
        select case frequency
          when 'WEEKLY' then ends - 7
          when 'BIWEEKLY' then ends - 14
          when 'MONTHLY' then (ends - interval '1 month')::date
          when 'QUARTERLY' then (ends - interval '3 months')::date end
      $$`);
  }
}
