import { Field, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'Somebody who looks after partners.' })
export class AccountManagerInput {
  @Field({ description: 'The name, as partners read it.' })
  @Name(200)
  name!: string;

  @Field(() => EmailAddress, { description: 'The e-mail address that partners write to.' })
  email!: string;
}
