import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { AttemptStatus } from '../../../domain/payout.ts';
import { Base } from '../../../kernel/data/base.entity.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

registerEnumType(AttemptStatus, {
  name: 'PayoutAttemptStatus',
  description: 'What is known of one try to send a payout.',
  valuesConfig: {
    SENDING: { description: 'Under way: the rail was not heard yet.' },
    UNKNOWN: { description: 'The rail did not say what became of it: it is looked up until it does.' },
    SENT: { description: 'The rail has it, and has not paid yet.' },
    CONFIRMED: { description: 'The rail paid it.' },
    FAILED: { description: 'The rail refused it for good, or proved that it never had it.' },
  },
});

/** One try to send a payout, under one key of the rail. */
@Entity({ tableName: 'payout_attempts' })
@Shows(['createdAt'], 'PARTNER')
@ObjectType({ simpleResolvers: true, description: 'One try to send a payout, under one key of the rail.' })
export class PayoutAttempt extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  payoutId!: string;

  @Field(() => Int, { description: 'Which try it is; the first is 1.' })
  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  number!: number;

  @Field(() => AttemptStatus, { description: 'What is known of it.' })
  @Enum({ items: () => AttemptStatus })
  @ShownTo('PARTNER')
  status: Opt<AttemptStatus> = 'SENDING';

  @Field({ description: 'The idempotency key that the rail has it under.' })
  @Property({ type: 'text' })
  @Withheld('a random key')
  key!: string; // the id without hyphens, 32 hex digits

  /** The account that it pays to, however often it is sent: a key stands for one destination. */
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  accountId?: string | null;

  @Field(() => Int, { description: 'How often the rail was called or asked about it.' })
  @Property({ type: 'integer' })
  @Withheld('a count')
  tries: Opt<number> = 0;

  /** Who works on it, and until when nobody else may; a worker that lost its lease settles nothing. */
  @Property({ type: 'uuid', nullable: true })
  @Withheld('of a process')
  leaseToken?: string | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('of a process')
  leaseUntil?: Date | null;

  @Field(() => String, { nullable: true, description: "The rail's own reference, once it gave one." })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  providerReference?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why it failed, by the name that the rail has for it.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  failureCode?: string | null;

  @Field(() => String, { nullable: true, description: 'Why it failed, in words.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  failureReason?: string | null;

  /** What somebody says became of it, where the rail can not tell; it counts once another person says the same. */
  @Property({ type: 'text', nullable: true })
  @Withheld('what the staff found out where the rail does not tell')
  saidOutcome?: 'PAID' | 'NOT_SENT' | null;

  @Property({ type: 'text', nullable: true })
  @Withheld("the rail's own; accounting records")
  saidReference?: string | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('what the staff rests it on; accounting records')
  saidEvidence?: string | null;

  @Field(() => String, { nullable: true, description: 'Who said by hand what became of it; null: nobody.' })
  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  saidBy?: string | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('bookkeeping')
  saidAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Who said the same, so that it counts.' })
  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  resolvedBy?: string | null;
}
