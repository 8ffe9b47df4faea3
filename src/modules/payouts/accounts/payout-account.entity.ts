import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';

/** The account that receives a partner's payouts. A change inserts a new row; the old row stays for the payouts that used it. */
@Entity({ tableName: 'payout_accounts' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description:
    'Account that receives the payouts of a partner by one method and in one currency. The account number is never shown.',
})
export class PayoutAccount extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Field(() => PayoutMethod, { description: 'Payout method that pays to the account.' })
  @Enum({ items: () => PayoutMethod })
  method!: PayoutMethod;

  @Field({ description: 'ISO 3166 code of the country of the account.' })
  @Property({ type: 'text' })
  country!: string;

  @Field({ description: 'ISO 4217 code of the currency of the account.' })
  @Property({ type: 'text' })
  currency!: string;

  /** An encrypted envelope, like `details`. */
  @Property({ type: 'text', fieldName: 'holder_name' })
  sealedHolderName!: string;

  @Property({ type: 'text', fieldName: 'details' })
  sealedDetails!: string;

  @Field({
    description: 'Last characters of the account number: at most four, and at most half of the number.',
  })
  @Property({ type: 'text' })
  lastFour!: string;

  /** A keyed hash of the account number. Two partners with the same account have the same fingerprint. */
  @Property({ type: 'text' })
  fingerprint!: string;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the rail confirmed that the account belongs to the partner. Null until then.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  verifiedAt?: Date | null;

  @Field(() => Date, {
    description: 'Time from which the account can receive payouts: 72 hours after it was set.',
  })
  @Property({ type: 'timestamptz', length: 3 })
  usableFrom!: Date;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'True when the rail pays out to the account holder. Null when the rail keeps no account or was not asked yet.',
  })
  @Property({ type: 'boolean', nullable: true })
  payoutsEnabled?: boolean | null;

  @Field(() => [String], {
    description:
      'What the account holder must still give to the rail, as text. Empty when the rail requires nothing.',
  })
  @Property({ type: 'text[]', default: [] })
  requirements: Opt<string[]> = [];

  @Field(() => Date, {
    nullable: true,
    description: 'Time of the last status check with the rail. Null before the first check.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  checkedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description:
      'Time from which no payout is sent to the account because a payment was returned. Null when payouts are not stopped.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  checkAskedAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason for the returned payment, as text. Null when payouts are not stopped.',
  })
  @Property({ type: 'text', nullable: true })
  checkReason?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the account was removed or replaced. Null while the account is in use.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  removedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  setBy?: string | null; // the caller that set the account; that person must not approve payouts to it
}

export const payoutAccountTable: Table<PayoutAccount> = {
  type: PayoutAccount,
  from: 'payout_accounts a',
  alias: 'a',
  kind: 'payoutAccount',
  attributes: owned('a', 'a.partner_id'),
  columns: {
    id: column('a.id'),
    createdAt: column('a.created_at'),
    tenantId: column('a.tenant_id'),
    partnerId: column('a.partner_id'),
    method: column('a.method'),
    country: column('a.country'),
    currency: column('a.currency'),
    sealedHolderName: column('a.holder_name'),
    lastFour: column('a.last_four'),
    verifiedAt: column('a.verified_at'),
    usableFrom: column('a.usable_from'),
    payoutsEnabled: column('a.payouts_enabled'),
    requirements: column('a.requirements'),
    checkedAt: column('a.checked_at'),
    checkAskedAt: column('a.check_asked_at'),
    checkReason: column('a.check_reason'),
    removedAt: column('a.removed_at'),
  },
  needs: { holderName: ['sealedHolderName', 'tenantId'] },
};
