import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { ExternalId } from '../../../kernel/request/kinds.ts';
import { DateTime } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Assignment of a customer to a partner.' })
export class AssignCustomerInput {
  @Field({ description: 'Your own id of the customer, e.g. `cust_abc123`. An unknown customer is created.' })
  @ExternalId(200)
  customerId!: string;

  @Field(() => ID, { description: 'The partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;
}

@InputType({ description: 'Filter of customers. All given conditions hold together.' })
export class CustomerFilter {
  @Field(() => ID, { nullable: true, description: 'The partner to which the customers are assigned.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => String, { nullable: true, description: 'Your own id of the customer, e.g. `cust_abc123`.' })
  @ExternalId(200)
  externalId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Start of the creation time, inclusive.' })
  createdFrom?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'End of the creation time, exclusive.' })
  createdTo?: Date | null;
}
