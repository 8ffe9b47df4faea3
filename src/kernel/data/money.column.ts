import { Embeddable, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType } from 'type-graphql';
import type { Money } from '../../domain/money.ts';
import { amountText } from '../request/currency.ts';
import { Decimal } from '../request/scalars.ts';

/** Money as stored (two columns) and as served (one GraphQL type). */
@Embeddable()
@ObjectType('Money', { simpleResolvers: true, description: 'An exact amount in one currency.' })
export class MoneyColumn implements Money {
  @Field(() => Decimal, { description: 'The amount in minor units, as text: `19980` for 199.80 USD.' })
  @Property({ type: 'bigint' })
  minor: bigint;

  @Field({ description: 'ISO 4217 code, e.g. `USD`.' })
  @Property({ type: 'text' })
  currency: string;

  constructor({ minor, currency }: Money) {
    this.minor = minor;
    this.currency = currency;
  }

  @Field(() => String, {
    description:
      "Decimal text with exactly the currency's ISO 4217 digits: `199.80`, JPY `1250`, KWD `1.852`.",
  })
  get amount(): string {
    return amountText(this);
  }
}
