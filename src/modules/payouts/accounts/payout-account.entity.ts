import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { BankAccountType } from '../../../domain/bank-account.ts';
import { PayoutMethod } from '../../../domain/payout.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

registerEnumType(BankAccountType, {
  name: 'BankAccountType',
  description: 'Type of an account at a bank of the USA.',
  valuesConfig: {
    CHECKING: { description: 'Checking account.' },
    SAVINGS: { description: 'Savings account.' },
  },
});

/** The account that receives a partner's payouts. A change inserts a new row; the old row stays for the payouts that used it. */
@Entity({ tableName: 'payout_accounts' })
@Shows(['id', 'tenantId', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description:
    'Account that receives the payouts of a partner by one method and in one currency. The account number is never shown.',
})
export class PayoutAccount extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field(() => PayoutMethod, { description: 'Payout method that pays to the account.' })
  @Enum({ items: () => PayoutMethod })
  @ShownTo('PARTNER')
  method!: PayoutMethod;

  @Field({ description: 'ISO 3166 code of the country of the account.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  country!: string;

  @Field({ description: 'ISO 4217 code of the currency of the account.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  currency!: string;

  /** An encrypted envelope, like `details`. */
  @Property({ type: 'text', fieldName: 'holder_name' })
  @ShownTo('PARTNER')
  sealedHolderName!: string;

  @Property({ type: 'text', fieldName: 'details' })
  @ShownTo('PARTNER')
  sealedDetails!: string;

  @Field({
    description: 'Last characters of the account number: at most four, and at most half of the number.',
  })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(`'----'`)
  lastFour!: string;

  @Field(() => BankAccountType, {
    nullable: true,
    description: 'Type of an account at a bank of the USA. Null for any other account.',
  })
  @Enum({ items: () => BankAccountType, nullable: true })
  @ShownTo('PARTNER')
  accountType?: BankAccountType | null;

  /** A keyed hash of the account number. Two partners with the same account have the same fingerprint. */
  @Property({ type: 'text' })
  @Withheld('a keyed hash; replaced by an erasure')
  @ErasedTo('md5(id::text)')
  fingerprint!: string;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the rail confirmed that the account belongs to the partner. Null until then.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  verifiedAt?: Date | null;

  @Field(() => Date, {
    description: 'Time from which the account can receive payouts: 72 hours after it was set.',
  })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  usableFrom!: Date;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'True when the rail pays out to the account holder. Null when the rail keeps no account or was not asked yet.',
  })
  @Property({ type: 'boolean', nullable: true })
  @ShownTo('PARTNER')
  payoutsEnabled?: boolean | null;

  @Field(() => [String], {
    description:
      'What the account holder must still give to the rail, as text. Empty when the rail requires nothing.',
  })
  @Property({ type: 'text[]', default: [] })
  @ShownTo('PARTNER')
  @ErasedTo(`'{}'`)
  requirements: Opt<string[]> = [];

  @Field(() => Date, {
    nullable: true,
    description: 'Time of the last status check with the rail. Null before the first check.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  checkedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description:
      'Time from which no payout is sent to the account because a payment was returned. Null when payouts are not stopped.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  checkAskedAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason for the returned payment, as text. Null when payouts are not stopped.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  checkReason?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the account was removed or replaced. Null while the account is in use.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo('coalesce(removed_at, now())')
  removedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('the staff member who entered it; accounting records')
  setBy?: string | null; // the caller that set the account; that person must not approve payouts to it

  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member or a member; accounting records')
  confirmedBy?: string | null; // the last caller that confirmed the account; that person must not approve payouts to it
}

export const payoutAccountTable: Table<PayoutAccount> = {
  type: PayoutAccount,
  from: 'payout_accounts a',
  alias: 'a',
  kind: 'payoutAccount',
  attributes: owned('a', 'a.partner_id'),
  columns: columnsOf(PayoutAccount, 'a'),
  needs: { holderName: ['sealedHolderName', 'tenantId'] },
};
