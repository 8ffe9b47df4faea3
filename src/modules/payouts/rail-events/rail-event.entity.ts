import type { Opt } from '@mikro-orm/core';
import { Entity, Enum, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';

export const RailEventState = {
  RECEIVED: 'RECEIVED',
  APPLIED: 'APPLIED',
  IGNORED: 'IGNORED',
  PARKED: 'PARKED',
} as const;
export type RailEventState = (typeof RailEventState)[keyof typeof RailEventState];

registerEnumType(RailEventState, {
  name: 'RailEventState',
  description: 'State of a rail event.',
  valuesConfig: {
    RECEIVED: { description: 'The event is stored and will be confirmed by asking the rail.' },
    APPLIED: { description: 'The rail was asked, and the payout agrees with its answer.' },
    IGNORED: {
      description: 'The event concerns no payout of ours or a finished payout, or a person dismissed it.',
    },
    PARKED: { description: 'The event does not fit our records. A person must check it.' },
  },
});

/** A signed webhook message of a rail, stored once. Its text is not stored: the rail is asked before the payout changes. */
@Entity({ tableName: 'rail_events' })
@NotPersonal('ids and references of a rail; the text of its messages is not stored')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({
  simpleResolvers: true,
  description: 'A signed webhook message of a payment rail, stored once.',
})
export class RailEvent extends Base {
  /** Null when the event concerns no payout of ours. Only a caller with access to all tenants can read such an event. */
  @Property({ type: 'text', nullable: true })
  override tenantId: string = null as unknown as string;

  @Field({ description: 'Name of the rail that sent the event.' })
  @Property({ type: 'text' })
  rail!: string;

  @Field(() => ID, { description: "The rail's id of the event." })
  @Property({ type: 'text' })
  eventId!: string;

  @Field({ description: "The rail's name for the type of the event." })
  @Property({ type: 'text' })
  type!: string;

  @Property({ type: 'text', nullable: true })
  key?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The rail's reference of the transfer. Null when the event has none.",
  })
  @Property({ type: 'text', nullable: true })
  reference?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the payout that the event concerns. Null when the event concerns no payout of ours.',
  })
  @Property({ type: 'uuid', nullable: true })
  payoutId?: string | null;

  @Field(() => RailEventState, { description: 'State of the event.' })
  @Enum({ items: () => RailEventState })
  state: Opt<RailEventState> = 'RECEIVED';

  @Field(() => String, {
    nullable: true,
    description: 'Reason why the event is parked or ignored, as text. Null otherwise.',
  })
  @Property({ type: 'text', nullable: true })
  note?: string | null;

  @Property({ type: 'integer' })
  tries: Opt<number> = 0;

  @Field(() => Date, {
    nullable: true,
    description: 'Time when the event was last handled. Null until then.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  handledAt?: Date | null;
}

export const railEventTable: Table<RailEvent> = {
  type: RailEvent,
  from: 'rail_events e',
  alias: 'e',
  kind: 'payout',
  attributes: owned('e'),
  columns: columnsOf(RailEvent, 'e'),
};
