import { Migration } from '@mikro-orm/migrations';

/** What is seen of a payout whose outcome the rail did not tell, where an attempt pays to, and what two people say of one that
 *  the rail can not tell any more. */
export class Migration20261125235500_an_outcome_may_be_unknown extends Migration {
  override up(): void {
    this.addSql(`alter table payouts add column outcome_unknown_since timestamptz(3), add column action_required text`);
    this.addSql(`
      alter table payout_attempts
        add column account_id uuid references payout_accounts (id),
        add column said_outcome text, add column said_reference text, add column said_evidence text, add column said_by text,
        add column said_at timestamptz(3), add column resolved_by text,
        add constraint payout_attempts_said_outcome check (said_outcome in ('PAID', 'NOT_SENT')),
        add constraint payout_attempts_said_whole check ((said_outcome is null) = (said_by is null) and (said_outcome is null) = (said_evidence is null)),
        add constraint payout_attempts_two_people check (resolved_by is null or (said_by is not null and resolved_by <> said_by))`);
    this.addSql(`create index payout_attempts_reference on payout_attempts (provider_reference) where provider_reference is not null`);
    // Money came back from it: nothing goes there until somebody has looked.
    this.addSql(`alter table payout_accounts add column check_asked_at timestamptz(3), add column check_reason text`);
  }
}
