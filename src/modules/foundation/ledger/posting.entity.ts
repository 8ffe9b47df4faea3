import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Property } from '@mikro-orm/decorators/legacy';
import { Base } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';

/** Money moved from one account to another. The database refuses to change or delete one. */
@Entity({ tableName: 'postings' })
@Shows(['createdAt'], 'PARTNER')
export class PostingRow extends Base {
  @Property({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  reference!: string; // names the business fact; unique for a tenant

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  fromAccount!: string;

  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  toAccount!: string;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  @ShownTo('PARTNER')
  occurredAt!: Opt<Date>; // by the product's clock

  @Embedded(() => MoneyColumn)
  @ShownTo('PARTNER')
  amount!: MoneyColumn;
}
