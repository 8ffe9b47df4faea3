import { Max, Min } from 'class-validator';
import { Field, InputType, Int } from 'type-graphql';
import { AttributionModel, AttributionUnit } from '../../../domain/attribution.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Which past sales to credit anew, and how.' })
export class ReplayAttributionInput {
  @Field(() => LocalDate, { description: "First day, in the program's time zone." })
  from!: string;

  @Field(() => LocalDate, { description: 'Last day, itself included; at most 20,000 sales in all.' })
  to!: string;

  @Field(() => AttributionModel, { nullable: true, description: 'The model; default: that in force.' })
  model?: AttributionModel | null;

  @Field(() => AttributionUnit, { nullable: true, description: 'What it counts; default: as in force.' })
  unit?: AttributionUnit | null;

  @Field(() => Int, {
    nullable: true,
    description: "Days of the window of every click, 1 to 365; default: each partner's own.",
  })
  @Min(1, { message: 'must be from 1 to 365' })
  @Max(365, { message: 'must be from 1 to 365' })
  windowDays?: number | null;
}
