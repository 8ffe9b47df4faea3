import type { Opt } from '@mikro-orm/core';
import { Entity, Filter, Property } from '@mikro-orm/decorators/legacy';
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { Base, byTenant } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { ErasedTo, erased, ShownTo, Shows, Withheld } from '../../../kernel/data/personal.ts';
import { owned, type Table } from '../../../kernel/data/rows.ts';
import type { Permission } from '../../../kernel/request/actor.ts';

export const ApiKeyScope = {
  READ: 'READ',
  CREATE_PARTNERS: 'CREATE_PARTNERS',
  EDIT_PARTNERS: 'EDIT_PARTNERS',
  CONVERT_REFERRALS: 'CONVERT_REFERRALS',
  CREATE_COMMISSIONS: 'CREATE_COMMISSIONS',
} as const;
export type ApiKeyScope = (typeof ApiKeyScope)[keyof typeof ApiKeyScope];
registerEnumType(ApiKeyScope, {
  name: 'ApiKeyScope',
  description:
    'What an API key may do. None decides about money, sees bank accounts, or manages members and keys: people do.',
  valuesConfig: {
    READ: { description: 'Read what its owner sees; every key has it.' },
    CREATE_PARTNERS: { description: 'Make partners. For keys of the tenant.' },
    EDIT_PARTNERS: { description: "Change partners; a partner's key its own contact data." },
    CONVERT_REFERRALS: { description: 'Say that a referral became a customer. For keys of the tenant.' },
    CREATE_COMMISSIONS: {
      description: 'Make commissions, which a person approves. For keys of the tenant.',
    },
  },
});

export const permissionOf: Record<ApiKeyScope, Permission> = {
  READ: 'program:read',
  CREATE_PARTNERS: 'partner:create',
  EDIT_PARTNERS: 'partner:edit',
  CONVERT_REFERRALS: 'referral:convert',
  CREATE_COMMISSIONS: 'commission:create',
};

/** What a partner's key may have at most. */
export const SCOPES_OF_PARTNERS: ReadonlySet<ApiKeyScope> = new Set(['READ', 'EDIT_PARTNERS']);

/** Lets a program in: of a partner, or of the tenant's own servers. Of its secret only the hash is kept. */
@Entity({ tableName: 'api_keys' })
@Shows(['createdAt'], 'PARTNER')
@Filter({
  name: 'mine',
  // Keys of the tenant have no partner, so staff is not held to having one.
  cond: ({ tenantId, partnerId }: Record<string, string>) =>
    typeof partnerId === 'string'
      ? { tenantId: tenantId as string, partnerId }
      : byTenant({ tenantId: tenantId as string }),
  default: true,
})
@ObjectType({
  simpleResolvers: true,
  description: "Lets a program in: a partner's, or a server of the tenant. Its secret is shown once.",
})
export class ApiKey extends Base {
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partnerId?: string | null;

  @Field({ description: 'What its owner calls it, e.g. `checkout`.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.name)
  name!: string;

  @Field({ description: 'How its secret begins, e.g. `pp_live_ab12cd34`: tells keys apart, opens nothing.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  prefix!: string;

  @Property({ type: 'text' })
  @Withheld('a hash')
  secretHash!: string;

  /** Of the secret before the last rotation; it counts until the overlap ends. */
  @Property({ type: 'text', nullable: true })
  @Withheld('a hash')
  previousSecretHash?: string | null;

  @Field(() => [ApiKeyScope], { description: 'What it may do.' })
  @Property({ type: 'text[]' })
  @ShownTo('PARTNER')
  scopes!: ApiKeyScope[];

  @Field(() => Date, { description: 'When it ends, unless it is rotated before.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  expiresAt!: Date;

  @Field(() => Date, { nullable: true, description: 'When its secret was last replaced.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('of the secret')
  rotatedAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'Until when the secret before that counts too.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('of the secret')
  overlapEndsAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it was revoked; null while it was not.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo('coalesce(revoked_at, now())')
  revokedAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'When it was last used, to the minute.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  lastUsedAt?: Opt<Date> | null;

  @Field({ description: 'Who made it.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.word)
  createdBy!: string;

  /** Who made or rotated it, and so may act by it. */
  @Property({ type: 'text[]' })
  @ShownTo('PARTNER')
  @ErasedTo(`'{}'::text[]`)
  seenBy!: string[];
}

export const apiKeyTable: Table<ApiKey> = {
  type: ApiKey,
  from: 'api_keys k',
  alias: 'k',
  kind: 'apiKey',
  attributes: owned('k', 'k.partner_id'),
  columns: columnsOf(ApiKey, 'k'),
  needs: { partner: ['partnerId'] },
};
