import { Entity, Enum, Property } from '@mikro-orm/decorators/legacy';
import { Base } from '../../../kernel/data/base.entity.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';

/** A FIELDS key encrypts values. The blind indexes of a tenant are derived from its INDEX key, which is never replaced. */
export const KeyPurpose = { FIELDS: 'FIELDS', INDEX: 'INDEX' } as const;
export type KeyPurpose = (typeof KeyPurpose)[keyof typeof KeyPurpose];

/** A data key: encrypts the fields of one partner and is itself encrypted (wrapped) by the key service. The row of a
 *  shredded key stays without its key, so that values of it are recognised as unreadable. */
@Entity({ tableName: 'data_keys' })
@NotPersonal('wrapped keys; shredded by an erasure')
export class DataKeyRow extends Base {
  /** Null for a key of the tenant itself. */
  @Property({ type: 'uuid', nullable: true })
  partnerId?: string | null;

  @Enum({ items: () => KeyPurpose })
  purpose!: KeyPurpose;

  @Property({ type: 'text', nullable: true })
  wrapped?: string | null;

  @Property({ type: 'text' })
  kekId!: string;

  /** Time since which another key encrypts new values. The row is deleted when no value uses it any more. */
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  replacedAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  shreddedAt?: Date | null;
}
