import { IsUUID, Matches, Max, MaxLength, Min } from 'class-validator';
import { Field, ID, InputType, Int } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';
import { EmailAddress } from '../../../kernel/request/scalars.ts';

@InputType({ description: 'A prospect to register; its domain, its e-mail address or both.' })
export class RegisterDealInput {
  @Field(() => ID, { description: 'The partner that registers it.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;

  @Field({ description: 'The company.' })
  @Name(200)
  company!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Its domain, e.g. `example.com`, which counts for all below it; not one of a mail service; default: that of the address.',
  })
  @MaxLength(253, { message: 'must be at most 253 characters long' })
  @Matches(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i, {
    message: 'must be like "example.com"',
  })
  domain?: string | null;

  @Field(() => EmailAddress, { nullable: true, description: 'The e-mail address of the prospect.' })
  @MaxLength(254, { message: 'must be at most 254 characters long' })
  email?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Days that it is kept for the partner: 1 to 365, default 90.',
  })
  @Min(1, { message: 'must be from 1 to 365' })
  @Max(365, { message: 'must be from 1 to 365' })
  days?: number | null;
}

@InputType({ description: 'Which deals; what is left out does not narrow.' })
export class DealFilter {
  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;
}
