import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { ErasedTo, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

/** One link to one person. The token of the link is derived from the server's key and `nonce`. The table has only its
 *  hash, so a dump of the database gives no access. */
@Entity({ tableName: 'invitations' })
@Shows(['createdAt'], 'PARTNER', 'MEMBER')
@Filter({ name: 'mine', cond: byPartner, default: true })
export class Invitation extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'uuid' })
  @Withheld('an id')
  memberId!: string;

  @Property({ type: 'text' })
  @Withheld('random')
  nonce!: string;

  @Property({ type: 'text' })
  @Withheld('a hash')
  tokenHash!: string;

  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER', 'MEMBER')
  expiresAt!: Date;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  sentAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  usedAt?: Date | null;

  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER', 'MEMBER')
  @ErasedTo('case when used_at is null then coalesce(canceled_at, now()) end')
  canceledAt?: Date | null;
}
