import { Entity, Enum, Property } from '@mikro-orm/decorators/legacy';
import { Base } from '../../../kernel/data/base.entity.ts';
import { NotPersonal } from '../../../kernel/data/personal.ts';

/** FIELDS encrypts; INDEX is what a tenant's blind indexes are derived from, and stays. */
export const KeyPurpose = { FIELDS: 'FIELDS', INDEX: 'INDEX' } as const;
export type KeyPurpose = (typeof KeyPurpose)[keyof typeof KeyPurpose];

/** A key that encrypts the fields of one partner, wrapped by the key service. A shredded one stays as a tombstone of
 *  what can no longer be read. */
@Entity({ tableName: 'data_keys' })
@NotPersonal('wrapped keys; shredded by an erasure')
export class DataKeyRow extends Base {
  /** null: the tenant's own. */
  @Property({ type: 'uuid', nullable: true })
  partnerId?: string | null;

  @Enum({ items: () => KeyPurpose })
  purpose!: KeyPurpose;

  @Property({ type: 'text', nullable: true })
  wrapped?: string | null;

  @Property({ type: 'text' })
  kekId!: string;

  /** Since then another key encrypts what is new; it goes when nothing uses this one any more. */
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  replacedAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  shreddedAt?: Date | null;
}
