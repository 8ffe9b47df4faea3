import { Field, InputType } from 'type-graphql';
import { LocalDate } from '../../../kernel/request/scalars.ts';

@InputType({ description: "A range of days in the program's time zone, both days inclusive." })
export class MetricsPeriodInput {
  @Field(() => LocalDate, { description: 'First day.' })
  from!: string;

  @Field(() => LocalDate, { description: 'Last day.' })
  to!: string;
}
