import { ArrayMaxSize, ArrayMinSize, ArrayUnique } from 'class-validator';
import { Field, ID, InputType } from 'type-graphql';
import { ExternalId, Name } from '../../../kernel/request/kinds.ts';
import { ApiKeyScope } from './api-key.entity.ts';

@InputType({ description: 'Data of a new API key.' })
export class CreateApiKeyInput {
  @Field(() => ID, {
    nullable: true,
    description: "Partner of the key. Default: the caller's own partner; for staff, a key of the tenant.",
  })
  partnerId?: string | null;

  @Field({ description: 'Name of the key, e.g. `checkout`.' })
  @Name(100)
  name!: string;

  @Field(() => [ApiKeyScope], {
    description: 'Scopes of the key: READ, and further ones that your own role includes.',
  })
  @ArrayMinSize(1, { message: 'must name at least READ' })
  @ArrayMaxSize(20, { message: 'must have at most 20 entries' })
  @ArrayUnique({ message: 'must name each scope once' })
  scopes!: ApiKeyScope[];

  @Field(() => Date, {
    nullable: true,
    description: 'Expiry: at most 400 days ahead, by default 365 days.',
  })
  expiresAt?: Date | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Makes the request safe to repeat: a repeated request creates nothing. It fails with CONFLICT and the reason ALREADY_CREATED, because the secret is not shown again.',
  })
  @ExternalId(255)
  idempotencyKey?: string | null;
}
