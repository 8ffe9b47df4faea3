import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DisputeOutcome, HoldKind } from '../../../domain/hold.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

registerEnumType(HoldKind, {
  name: 'HoldKind',
  description: 'Kind of a hold on a commission.',
  valuesConfig: {
    RISK: { description: 'A risk rule requires a review.' },
    MANUAL: { description: 'A person placed the hold.' },
    DISPUTE: { description: 'The customer disputes the payment.' },
    FX: { description: 'The exchange rate of the sale is missing.' },
  },
});
registerEnumType(DisputeOutcome, {
  name: 'DisputeOutcome',
  description: 'Outcome of a dispute.',
  valuesConfig: {
    WON: { description: 'The seller won: the sale remains valid.' },
    LOST: { description: 'The customer won: the commission was reversed.' },
  },
});

/** One recorded reason why a commission is not approved or paid. A hold is released once and does not change afterwards. */
@Entity({ tableName: 'commission_holds' })
@Shows(['id'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A recorded reason why a commission is not approved or paid. A hold is open or released.',
})
export class CommissionHold extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid' })
  @ShownTo('PARTNER')
  commissionId!: string;

  @Field(() => HoldKind, { description: 'Kind of the hold.' })
  @Enum({ items: () => HoldKind })
  @ShownTo('PARTNER')
  kind!: HoldKind;

  @Field({ description: 'Reason for the hold.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reason!: string;

  @Property({ type: 'json', nullable: true })
  @Withheld('the facts that a risk rule matched: with them a partner could avoid the rule')
  evidence?: Record<string, unknown> | null; // the facts that a risk rule matched; for staff, not for the partner

  @Field({ description: 'Id of the caller whose request placed the hold, or `system` for a job.' })
  @Property({ type: 'text' })
  @Withheld('a staff member; accounting records')
  placedBy!: string;

  @Field(() => Date, { description: 'Time when the hold was placed.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  placedAt!: Date;

  @Field(() => String, {
    nullable: true,
    description:
      'Id of the caller whose request released the hold, or `system` for a job. Null while the hold is open.',
  })
  @Property({ type: 'text', nullable: true })
  @Withheld('a staff member; accounting records')
  releasedBy?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the hold was released. Null while the hold is open.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  releasedAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Reason for the release. Null while the hold is open.',
  })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  releaseReason?: string | null;

  @Field(() => DisputeOutcome, {
    nullable: true,
    description: 'Outcome of the dispute. Null for other kinds of holds and while the dispute is open.',
  })
  @Enum({ items: () => DisputeOutcome, nullable: true })
  @ShownTo('PARTNER')
  outcome?: DisputeOutcome | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  refundId?: string | null; // the REVERSAL that the lost dispute created

  /** True when the hold ended because its commission was rejected or reversed. No person decided to release it. */
  @Property({ type: 'boolean', default: false })
  @Withheld('bookkeeping')
  endedWithLine: Opt<boolean> = false;
}

/** A caller who may read a commission may read its holds. */
export const commissionHoldTable: Table<CommissionHold> = {
  type: CommissionHold,
  from: 'commission_holds h',
  alias: 'h',
  kind: 'commission',
  attributes: {
    ...owned('h', 'h.partner_id'),
    makers: {
      sql: "(select barred_for(c, 'RELEASE', 'OWN_LINE') from commissions c where c.id = h.commission_id)",
      is: 'strings',
    },
  },
  columns: columnsOf(CommissionHold, 'h'),
};
