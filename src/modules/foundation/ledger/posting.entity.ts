import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Property } from '@mikro-orm/decorators/legacy';
import { Base } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';

/** Money moved from one account to another. The database refuses to change or delete one. */
@Entity({ tableName: 'postings' })
export class PostingRow extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'text' })
  reference!: string; // names the business fact; unique for a tenant

  @Property({ type: 'text' })
  fromAccount!: string;

  @Property({ type: 'text' })
  toAccount!: string;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  occurredAt!: Opt<Date>; // by the product's clock

  @Embedded(() => MoneyColumn)
  amount!: MoneyColumn;
}
