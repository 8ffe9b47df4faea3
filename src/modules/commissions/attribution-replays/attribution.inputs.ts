import { Max, Min } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { AttributionModel, AttributionUnit } from '../../../domain/attribution.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Past sales, and the settings of their replayed attribution.' })
export class ReplayAttributionInput {
  @Field(() => LocalDate, { description: "First day, in the program's time zone." })
  from!: string;

  @Field(() => LocalDate, { description: 'Last day, inclusive. A replay covers at most 20,000 sales.' })
  to!: string;

  @Field(() => AttributionModel, {
    nullable: true,
    description: "Attribution model. Default: the program's model.",
  })
  model?: AttributionModel | null;

  @Field(() => AttributionUnit, {
    nullable: true,
    description: "Unit that the model counts. Default: the program's unit.",
  })
  unit?: AttributionUnit | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Attribution window of every click in days, 1 to 365. Default: the window of each partner.',
  })
  @Min(1, { message: 'must be from 1 to 365' })
  @Max(365, { message: 'must be from 1 to 365' })
  windowDays?: number | null;
}
