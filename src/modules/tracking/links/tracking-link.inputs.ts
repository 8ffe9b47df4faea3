import { IsUUID } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name, OwnRules, Pattern } from '../../../kernel/request/kinds.ts';

@InputType({ description: 'Data of a new tracking link.' })
export class CreateTrackingLinkInput {
  @Field(() => ID, { description: 'Partner of the link.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Path of the link, unique in the program: 3 to 64 letters, digits, `-` and `_`; default: random.',
  })
  @Pattern(/^[A-Za-z0-9][A-Za-z0-9_-]{2,63}$/, 'must be 3 to 64 letters, digits, "-" and "_"')
  path?: string | null;

  @Field({ description: 'Name of the link.' })
  @Name(100)
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: "Target page: a URL on the program's hosts, or a path such as `/pricing`.",
  })
  @OwnRules(2_000)
  targetUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'Campaign of its clicks.' })
  @Name(100)
  campaign?: string | null;
}

@InputType({ description: 'Fields of a tracking link to change. Absent fields keep their value.' })
export class UpdateTrackingLinkInput {
  @Field(() => String, { nullable: true, description: 'Name of the link.' })
  @Name(100)
  name?: string | null;

  @Field(() => String, { nullable: true, description: "Target page; null for the program's default page." })
  @OwnRules(2_000)
  targetUrl?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Campaign of further clicks; null for none.',
  })
  @Name(100)
  campaign?: string | null;
}

@InputType({ description: 'Filter of tracking links. Absent fields do not filter.' })
export class TrackingLinkFilter {
  @Field(() => ID, { nullable: true, description: 'Rows of this partner.' })
  @IsUUID(undefined, { message: 'must be a UUID' })
  partnerId?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'True for archived links, false for active ones.' })
  archived?: boolean | null;
}
