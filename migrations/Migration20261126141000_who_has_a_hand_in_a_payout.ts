import { Migration } from '@mikro-orm/migrations';

const AS_OWNER = 'security definer set search_path = pg_catalog, public, pg_temp';

/** Four eyes are those of somebody to whom none of the money goes, and who did not say where it goes. */
export class Migration20261126141000_who_has_a_hand_in_a_payout extends Migration {
  override up(): void {
    this.addSql(`alter table payout_accounts add column set_by text null`);
    this.addSql(`create index members_subject on members (subject, partner_id) where removed_at is null`);
    this.addSql(`
      create function is_member_of(actor text, partner uuid) returns boolean language sql stable ${AS_OWNER} as $$
        select exists (select from members m where m.subject = actor and m.partner_id = partner and m.removed_at is null)
      $$`);
    // null: none. Else the name of why this person does not let it go.
    this.addSql(`
      create function hand_in_payout(o payouts, actor text) returns text language sql stable ${AS_OWNER} as $$
        select case
          when may_be_one(o.created_by, actor) then 'OWN_PAYOUT'
          when is_member_of(actor, o.partner_id) then 'OWN_PARTNER'
          when exists (select from payout_accounts a where a.id = o.payout_account_id and may_be_one(a.set_by, actor)) then 'OWN_ACCOUNT'
        end
      $$`);
    for (const name of ['is_member_of', 'hand_in_payout']) {
      this.addSql(`revoke execute on function ${name} from public`);
      this.addSql(`grant execute on function ${name} to partner_portal_api`);
    }
  }
}
