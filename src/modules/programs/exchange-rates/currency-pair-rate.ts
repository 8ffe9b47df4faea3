import { Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import { Base } from '../../../kernel/data/base.entity.ts';
import { Decimal } from '../../../kernel/request/scalars.ts';

/** A rate between two currencies. */
@ObjectType({ simpleResolvers: true })
export abstract class CurrencyPairRate extends Base {
  @Field({ description: 'ISO 4217 code of the base currency.' })
  @Property({ type: 'text' })
  base!: string;

  @Field({ description: 'ISO 4217 code of the quote currency.' })
  @Property({ type: 'text' })
  quote!: string;

  @Field(() => Decimal, { description: 'Units of `quote` for one unit of `base`.' })
  @Property({ columnType: 'numeric(24,12)', type: 'string' })
  rate!: string;
}
