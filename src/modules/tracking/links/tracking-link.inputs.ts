import { IsUUID, Matches, MaxLength } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';

@InputType({ description: 'A new tracking link.' })
export class CreateTrackingLinkInput {
  @Field(() => ID, { description: 'Whose clicks they are.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The last part of its address, 3 to 64 letters, digits, `-` and `_`; default: made at random.',
  })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9_-]{2,63}$/, { message: 'takes 3 to 64 letters, digits, "-" and "_"' })
  path?: string | null;

  @Field({ description: 'What it is for.' })
  @Name(100)
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: "Where it leads: a page of the program's hosts, or a path such as `/pricing`.",
  })
  @MaxLength(2_000, { message: 'must be at most 2000 characters long' })
  targetUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'The campaign that its clicks are of.' })
  @Name(100)
  campaign?: string | null;
}

@InputType({ description: 'What to change of a tracking link; what is left out stays.' })
export class UpdateTrackingLinkInput {
  @Field(() => String, { nullable: true, description: 'What it is for.' })
  @Name(100)
  name?: string | null;

  @Field(() => String, { nullable: true, description: "Where it leads; null: to the program's page." })
  @MaxLength(2_000, { message: 'must be at most 2000 characters long' })
  targetUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The campaign that further clicks are of; null: none.',
  })
  @Name(100)
  campaign?: string | null;
}

@InputType({ description: 'Which tracking links; what is left out does not narrow.' })
export class TrackingLinkFilter {
  @Field(() => ID, { nullable: true, description: 'Of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'Archived ones, or those that are not.' })
  archived?: boolean | null;
}
