import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Base, byPartner } from '../../../kernel/data/base.entity.ts';
import { ErasedTo, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

/** One link to one person. The link's token comes from the server's key and `nonce`; the table knows its hash alone, so
 *  that a dump of the database opens nothing. */
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
