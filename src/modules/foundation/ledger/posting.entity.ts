import type { Opt } from '@mikro-orm/core';
import { Embedded, Entity, Property } from '@mikro-orm/decorators/legacy';
import { Base } from '../../../kernel/data/base.entity.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';

/** A movement of money between two ledger accounts. The database refuses to change or delete a posting. */
@Entity({ tableName: 'postings' })
export class PostingRow extends Base {
  @Property({ type: 'uuid' })
  partnerId!: string;

  @Property({ type: 'text' })
  reference!: string; // names the business fact; unique in a tenant

  @Property({ type: 'text' })
  fromAccount!: string;

  @Property({ type: 'text' })
  toAccount!: string;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  occurredAt!: Opt<Date>; // by the clock of the application

  @Embedded(() => MoneyColumn)
  amount!: MoneyColumn;
}
