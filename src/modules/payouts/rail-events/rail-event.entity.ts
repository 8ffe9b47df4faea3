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
  description: 'What became of a message of a rail.',
  valuesConfig: {
    RECEIVED: { description: 'Stored; the rail is being asked about it.' },
    APPLIED: { description: 'The rail was asked, and the payout is what it says.' },
    IGNORED: { description: 'Nothing of ours, or of a payout that is over; or dismissed by somebody.' },
    PARKED: { description: 'It does not fit: somebody has to look.' },
  },
});

/** A signed message of a rail, stored once. Its text is not kept: what it tells is looked up before it counts. */
@Entity({ tableName: 'rail_events' })
@NotPersonal('ids and references of a rail; what it wrote is not kept')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'A signed message of a rail, stored once.' })
export class RailEvent extends Base {
  /** Null where it is about nothing of ours: only who sees every tenant sees it. */
  @Property({ type: 'text', nullable: true })
  override tenantId: string = null as unknown as string;

  @Field({ description: 'The rail that sent it.' })
  @Property({ type: 'text' })
  rail!: string;

  @Field(() => ID, { description: "The rail's own id of it." })
  @Property({ type: 'text' })
  eventId!: string;

  @Field({ description: "The rail's own name for what happened." })
  @Property({ type: 'text' })
  type!: string;

  @Property({ type: 'text', nullable: true })
  key?: string | null;

  @Field(() => String, { nullable: true, description: "The rail's reference of what it is about." })
  @Property({ type: 'text', nullable: true })
  reference?: string | null;

  @Field(() => ID, { nullable: true, description: 'The payout that it is about; null: none of ours.' })
  @Property({ type: 'uuid', nullable: true })
  payoutId?: string | null;

  @Field(() => RailEventState, { description: 'What became of it.' })
  @Enum({ items: () => RailEventState })
  state: Opt<RailEventState> = 'RECEIVED';

  @Field(() => String, { nullable: true, description: 'Why it is parked or ignored, in words.' })
  @Property({ type: 'text', nullable: true })
  note?: string | null;

  @Property({ type: 'integer' })
  tries: Opt<number> = 0;

  @Field(() => Date, { nullable: true, description: 'When that was decided.' })
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
