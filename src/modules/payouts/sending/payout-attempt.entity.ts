import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { AttemptStatus } from '../../../domain/payout.ts';
import { Base } from '../../../kernel/data/base.entity.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

registerEnumType(AttemptStatus, {
  name: 'PayoutAttemptStatus',
  description: 'Status of one attempt to send a payout.',
  valuesConfig: {
    SENDING: { description: 'The attempt is in progress and the rail has not answered yet.' },
    UNKNOWN: { description: 'The outcome is unknown. The rail is asked until the outcome is known.' },
    SENT: { description: 'The rail accepted the attempt and has not paid yet.' },
    CONFIRMED: { description: 'The rail paid the attempt.' },
    FAILED: {
      description: 'The rail refused the attempt finally, or the attempt provably never reached the rail.',
    },
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

  @Field(() => Int, { description: 'Number of the attempt, from 1.' })
  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  number!: number;

  @Field(() => AttemptStatus, { description: 'Status of the attempt.' })
  @Enum({ items: () => AttemptStatus })
  @ShownTo('PARTNER')
  status: Opt<AttemptStatus> = 'SENDING';

  @Field({ description: 'Idempotency key of the attempt at the rail.' })
  @Property({ type: 'text' })
  @Withheld('a random key')
  key!: string; // the id without hyphens, 32 hex digits

  /** The account that the attempt pays to. A key has one destination, also when the attempt is sent several times. */
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  accountId?: string | null;

  @Field(() => Int, { description: 'Number of calls to the rail for this attempt: sending and asking.' })
  @Property({ type: 'integer' })
  @Withheld('a count')
  tries: Opt<number> = 0;

  /** The lease of the worker that processes the attempt. A worker that lost its lease must not settle the attempt. */
  @Property({ type: 'uuid', nullable: true })
  @Withheld('of a process')
  leaseToken?: string | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('of a process')
  leaseUntil?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: "The rail's reference of the transfer. Null until the rail gave one.",
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  providerReference?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The rail's code for the failure. Null without one.",
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  failureCode?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason for the failure, as text. Null unless the attempt failed.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  failureReason?: string | null;

  /** The outcome that a person stated because the rail has no answer. The outcome takes effect when another person confirms it. */
  @Property({ type: 'text', nullable: true })
  @Withheld('a finding of staff about an unknown outcome')
  saidOutcome?: 'PAID' | 'NOT_SENT' | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('a reference of the rail; accounting records')
  saidReference?: string | null;

  @Property({ type: 'text', nullable: true })
  @Withheld('the evidence of staff; accounting records')
  saidEvidence?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the caller that stated the outcome with `resolvePayout`. Null when no person did.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  saidBy?: string | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('bookkeeping')
  saidAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Id of the second caller that confirmed the stated outcome. Null until then.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  resolvedBy?: string | null;
}
