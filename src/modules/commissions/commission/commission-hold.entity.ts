import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { DisputeOutcome, HoldKind } from '../../../domain/hold.ts';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

registerEnumType(HoldKind, {
  name: 'HoldKind',
  description: 'Why a commission is held back.',
  valuesConfig: {
    RISK: { description: 'A risk rule asks for a look at it.' },
    MANUAL: { description: 'Somebody held it.' },
    DISPUTE: { description: 'The customer disputes the payment.' },
    FX: { description: 'The exchange rate that it needs is missing.' },
  },
});
registerEnumType(DisputeOutcome, {
  name: 'DisputeOutcome',
  description: 'How a dispute ended.',
  valuesConfig: {
    WON: { description: 'The sale stands.' },
    LOST: { description: 'The sale was taken back.' },
  },
});

/** One reason that holds a line back. It is released once and never changes after. */
@Entity({ tableName: 'commission_holds' })
@Shows(['id'], 'PARTNER')
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'One reason that holds a commission back, open or released.',
})
export class CommissionHold extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid' })
  @ShownTo('PARTNER')
  commissionId!: string;

  @Field(() => HoldKind, { description: 'What kind of reason it is.' })
  @Enum({ items: () => HoldKind })
  @ShownTo('PARTNER')
  kind!: HoldKind;

  @Field({ description: 'Why, in words.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reason!: string;

  @Property({ type: 'json', nullable: true })
  @Withheld('what a risk rule saw: telling would teach how to pass it')
  evidence?: Record<string, unknown> | null; // what a risk rule saw; of the program, not of the partner

  @Field({ description: 'Who placed it.' })
  @Property({ type: 'text' })
  @Withheld('somebody of the staff; accounting records')
  placedBy!: string;

  @Field(() => Date, { description: 'When it was placed.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  placedAt!: Date;

  @Field(() => String, { nullable: true, description: 'Who released it; null while it is open.' })
  @Property({ type: 'text', nullable: true })
  @Withheld('somebody of the staff; accounting records')
  releasedBy?: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was released; null while it is open.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  releasedAt?: Date | null;

  @Field(() => String, { nullable: true, description: 'Why it was released.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  releaseReason?: string | null;

  @Field(() => DisputeOutcome, { nullable: true, description: 'How the dispute ended; null of other holds.' })
  @Enum({ items: () => DisputeOutcome, nullable: true })
  @ShownTo('PARTNER')
  outcome?: DisputeOutcome | null;

  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  refundId?: string | null; // the line that losing it made
}

/** Who sees a line sees what holds it. */
export const commissionHoldTable: Table<CommissionHold> = {
  type: CommissionHold,
  from: 'commission_holds h',
  alias: 'h',
  kind: 'commission',
  attributes: owned('h', 'h.partner_id'),
  columns: columnsOf(CommissionHold, 'h'),
};
