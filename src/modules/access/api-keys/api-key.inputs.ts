import { ArrayMaxSize, ArrayMinSize, ArrayUnique } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { Name } from '../../../kernel/request/input.ts';
import { ApiKeyScope } from './api-key.entity.ts';

@InputType({ description: 'A new API key.' })
export class CreateApiKeyInput {
  @Field(() => ID, {
    nullable: true,
    description:
      "The partner that it belongs to; default: the caller's own, and for staff a server of the tenant.",
  })
  partnerId?: string | null;

  @Field({ description: 'What you call it, e.g. `checkout`.' })
  @Name(100)
  name!: string;

  @Field(() => [ApiKeyScope], {
    description: 'What it may do: READ and what you may do yourself, as far as a key may at all.',
  })
  @ArrayMinSize(1, { message: 'must name at least READ' })
  @ArrayMaxSize(20, { message: 'must have at most 20 entries' })
  @ArrayUnique({ message: 'must name each scope once' })
  scopes!: ApiKeyScope[];

  @Field(() => Date, {
    nullable: true,
    description: 'When it ends; at most 400 days ahead, by default 365.',
  })
  expiresAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Makes the request safe to repeat: the same key makes nothing more. The secret is not shown again, so a repetition answers CONFLICT with the reason ALREADY_CREATED.',
  })
  @Name(255)
  idempotencyKey?: string | null;
}
