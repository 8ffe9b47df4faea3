import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';

/** One link to one person. The token of the link is derived from the server's key and `nonce`. The table has only its
 *  hash, so a dump of the database gives no access. */
@Entity({ tableName: 'invitations' })
@Filter({ name: 'mine', cond: byPartner, default: true })
export class Invitation extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'uuid' })
  memberId!: string;

  @Property({ type: 'text' })
  nonce!: string;

  @Property({ type: 'text' })
  tokenHash!: string;

  @Property({ type: 'timestamptz', length: 3 })
  expiresAt!: Date;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  sentAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  usedAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  canceledAt?: Date | null;
}
