import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { PayoutMethod } from '../../../domain/payout.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

/** Where a partner's money goes. A change is a new row; the old one stays for the payouts that it carried. */
@Entity({ tableName: 'payout_accounts' })
@Shows(['id', 'tenantId', 'createdAt'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description:
    'Where the money of a partner goes, by one method and in one currency. Its number is never shown.',
})
export class PayoutAccount extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Field(() => PayoutMethod, { description: 'The rail that pays to it.' })
  @Enum({ items: () => PayoutMethod })
  @ShownTo('PARTNER')
  method!: PayoutMethod;

  @Field({ description: 'ISO 3166 code of the country in which it is kept.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  country!: string;

  @Field({ description: 'ISO 4217 code of the currency that it takes.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  currency!: string;

  /** An envelope, as `details` is. */
  @Property({ type: 'text', fieldName: 'holder_name' })
  @ShownTo('PARTNER')
  sealedHolderName!: string;

  @Property({ type: 'text', fieldName: 'details' })
  @ShownTo('PARTNER')
  sealedDetails!: string;

  @Field({ description: 'How its number ends: at most four characters, and never more than half of it.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(`'----'`)
  lastFour!: string;

  /** A blind index over the number: the same account of two partners has the same one. */
  @Property({ type: 'text' })
  @Withheld('a keyed hash; replaced by an erasure')
  @ErasedTo('md5(id::text)')
  fingerprint!: string;

  @Field(() => Date, { nullable: true, description: 'When it was seen to be theirs; null until then.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  verifiedAt?: Date | null;

  @Field(() => Date, { description: 'From when money may go there: 72 hours after it was set.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  usableFrom!: Date;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether the rail passes on to its holder what we pay; null where the rail keeps no account, or was not asked yet.',
  })
  @Property({ type: 'boolean', nullable: true })
  @ShownTo('PARTNER')
  payoutsEnabled?: boolean | null;

  @Field(() => [String], {
    description: 'What its holder is to do with the rail, in words; empty where there is nothing to do.',
  })
  @Property({ type: 'text[]', default: [] })
  @ShownTo('PARTNER')
  @ErasedTo(`'{}'`)
  requirements: Opt<string[]> = [];

  @Field(() => Date, { nullable: true, description: 'When the rail said so; null until then.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  checkedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Since when nothing goes there because money came back from it; null: it may.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  checkAskedAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Why the money came back, in words.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  checkReason?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'When it was removed or replaced; null while it is in use.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo('coalesce(removed_at, now())')
  removedAt?: Date | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('who entered it; accounting records')
  setBy?: string | null; // who said where the money goes: it does not let it go
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
