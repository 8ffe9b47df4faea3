import type { Opt } from '@mikro-orm/core';
import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';
import type { Person } from './person.ts';

export const PersonExportStatus = {
  PENDING: 'PENDING',
  READY: 'READY',
  TAKEN: 'TAKEN',
  EXPIRED: 'EXPIRED',
} as const;
export type PersonExportStatus = (typeof PersonExportStatus)[keyof typeof PersonExportStatus];

registerEnumType(PersonExportStatus, {
  name: 'PersonExportStatus',
  description: 'Status of an export.',
  valuesConfig: {
    PENDING: { description: 'Is being written. Takes seconds, or minutes for a large partner.' },
    READY: { description: 'Is ready and can be taken once.' },
    TAKEN: { description: 'Was taken and is deleted.' },
    EXPIRED: { description: 'Was not taken within 24 hours and is deleted.' },
  },
});

/** An export of all data of a person, kept for a day and encrypted for the token of the caller who requested it. */
@Entity({ tableName: 'person_exports' })
@NotPersonal('ids, and a copy that only the requester can open, for a day')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'An export of all data of a person, kept for 24 hours.' })
export class PersonExport extends Base {
  @Property({ type: 'text' })
  requestedBy!: string;

  @Property({ type: 'json' })
  persons!: Person[];

  @Property({ type: 'text' })
  publicKey!: string;

  @Property({ type: 'text', nullable: true, lazy: true })
  content?: string | null;

  @Field(() => Date, { nullable: true, description: 'Time at which the export was written; null before.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  readyAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  takenAt?: Date | null;

  @Field(() => Date, { description: 'Time of deletion, taken or not: 24 hours after the request.' })
  @Property({ type: 'timestamptz', length: 3 })
  expiresAt!: Date;

  @Field(() => PersonExportStatus, { description: 'Status of the export.' })
  status!: Opt<PersonExportStatus>; // not stored: an export expires by time alone
}

export function statusOf({ takenAt, readyAt, expiresAt }: PersonExport, now: Date): PersonExportStatus {
  if (takenAt) return 'TAKEN';
  if (expiresAt <= now) return 'EXPIRED';
  return readyAt ? 'READY' : 'PENDING';
}
