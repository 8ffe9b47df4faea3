import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Property } from '@mikro-orm/decorators/legacy';
import { Base } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

/** A movement of money between two ledger accounts. The database refuses to change or delete a posting. */
@Entity({ tableName: 'postings' })
@Shows(['createdAt'], 'PARTNER')
export class PostingRow extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reference!: string; // names the business fact; unique in a tenant

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  fromAccount!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  toAccount!: string;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @ShownTo('PARTNER')
  occurredAt!: Opt<Date>; // by the clock of the application

  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER')
  amount!: MoneyColumn;
}
