import { Field, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/kinds.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Data of an account manager.' })
export class AccountManagerInput {
  @Field({ description: 'Name that partners see.' })
  @Name(200)
  name!: string;

  @Field(() => EmailAddress, { description: 'E-mail address that partners see.' })
  email!: string;
}
