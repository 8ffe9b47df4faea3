import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { ExternalId } from '../../../kernel/request/kinds.ts';

@InputType({ description: 'Assignment of a customer to a partner.' })
export class AssignCustomerInput {
  @Field({ description: 'Your own id of the customer, e.g. `cust_abc123`. An unknown customer is created.' })
  @ExternalId(200)
  customerId!: string;

  @Field(() => ID, { description: 'The partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;
}
