import { Entity, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { NotPersonal } from '../../../kernel/data/personal.ts';

/** An idempotency key with the answer to its request, written in the transaction of the effect. */
@Entity({ tableName: 'idempotency_keys' })
@NotPersonal('hashes of requests, for 90 days')
export class IdempotencyKey {
  @PrimaryKey({ type: 'text' })
  tenantId!: string;

  @PrimaryKey({ type: 'text' })
  actorId!: string;

  @PrimaryKey({ type: 'text' })
  operation!: string;

  @PrimaryKey({ type: 'text' })
  key!: string;

  @Property({ type: 'text' })
  requestHash!: string;

  @Property({ type: 'uuid' })
  resultId!: string;

  @Property({ type: 'timestamptz', length: 3, defaultRaw: 'now()' })
  createdAt!: Date;
}
