import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';

@InputType({ description: 'Which customer is given to which partner.' })
export class AssignCustomerInput {
  @Field({ description: 'Your own id of the customer, e.g. `cust_abc123`; one seen first is made.' })
  @Name(200)
  customerId!: string;

  @Field(() => ID, { description: 'The partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;
}
