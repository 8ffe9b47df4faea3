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
  description: 'What became of an export.',
  valuesConfig: {
    PENDING: { description: 'Is being written: seconds, for a large partner minutes.' },
    READY: { description: 'Can be taken, once.' },
    TAKEN: { description: 'Was taken, and is gone here.' },
    EXPIRED: { description: 'Was not taken within 24 hours, and is gone.' },
  },
});

/** Everything that is kept of a person, for a day, sealed to the token of who asked for it. */
@Entity({ tableName: 'person_exports' })
@NotPersonal('ids, and a copy that nobody here can open, for a day')
@Filter({ name: 'mine', cond: byTenant, default: true })
@ObjectType({ simpleResolvers: true, description: 'Everything that is kept of a person, for a day.' })
export class PersonExport extends Base {
  @Property({ type: 'text' })
  requestedBy!: string;

  @Property({ type: 'json' })
  persons!: Person[];

  @Property({ type: 'text' })
  publicKey!: string;

  @Property({ type: 'text', nullable: true, lazy: true })
  content?: string | null;

  @Field(() => Date, { nullable: true, description: 'When it was written; null until then.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  readyAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  takenAt?: Date | null;

  @Field(() => Date, { description: 'When it goes, taken or not: 24 hours after it was asked for.' })
  @Property({ type: 'timestamptz', length: 3 })
  expiresAt!: Date;

  @Field(() => PersonExportStatus, { description: 'What became of it.' })
  status!: Opt<PersonExportStatus>; // not stored: time alone makes one expire
}

export function statusOf({ takenAt, readyAt, expiresAt }: PersonExport, now: Date): PersonExportStatus {
  if (takenAt) return 'TAKEN';
  if (expiresAt <= now) return 'EXPIRED';
  return readyAt ? 'READY' : 'PENDING';
}
