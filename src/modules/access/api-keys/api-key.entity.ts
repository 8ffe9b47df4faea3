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
    'A right of an API key. No key decides about money, sees bank accounts, or manages members and keys.',
  valuesConfig: {
    READ: { description: 'Reads all that the owner of the key may read. Every key has this scope.' },
    CREATE_PARTNERS: { description: 'Creates partners. Only for keys of the tenant.' },
    EDIT_PARTNERS: { description: "Changes partners; a partner's key changes only its contact data." },
    CONVERT_REFERRALS: { description: 'Reports conversions of referrals. Only for keys of the tenant.' },
    CREATE_COMMISSIONS: {
      description: 'Creates commissions, which a person must approve. Only for keys of the tenant.',
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

/** The scopes that a key of a partner may have. */
export const SCOPES_OF_PARTNERS: ReadonlySet<ApiKeyScope> = new Set(['READ', 'EDIT_PARTNERS']);

/** A credential for software of a partner or of the tenant. Only the hash of its secret is stored. */
@Entity({ tableName: 'api_keys' })
@Shows(['createdAt'], 'PARTNER')
@Filter({
  name: 'mine',
  // Keys of the tenant have no partner, so the filter does not require one.
  cond: ({ tenantId, partnerId }: Record<string, string>) =>
    typeof partnerId === 'string'
      ? { tenantId: tenantId as string, partnerId }
      : byTenant({ tenantId: tenantId as string }),
  default: true,
})
@ObjectType({
  simpleResolvers: true,
  description: 'A credential for software of a partner or of the tenant. Its secret is shown once.',
})
export class ApiKey extends Base {
  @Property({ type: 'uuid', nullable: true })
  @Withheld('an id')
  partnerId?: string | null;

  @Field({ description: 'Name that its owner chose, e.g. `checkout`.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.name)
  name!: string;

  @Field({
    description:
      'First characters of the secret, e.g. `pp_live_ab12cd34`. They identify the key and give no access.',
  })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  prefix!: string;

  @Property({ type: 'text' })
  @Withheld('a hash')
  secretHash!: string;

  /** The hash of the secret before the last rotation. That secret is valid until the overlap ends. */
  @Property({ type: 'text', nullable: true })
  @Withheld('a hash')
  previousSecretHash?: string | null;

  @Field(() => [ApiKeyScope], { description: 'Scopes of the key.' })
  @Property({ type: 'text[]' })
  @ShownTo('PARTNER')
  scopes!: ApiKeyScope[];

  @Field(() => Date, { description: 'Time at which the key expires. A rotation extends it.' })
  @Property({ type: 'timestamptz', length: 3 })
  @ShownTo('PARTNER')
  expiresAt!: Date;

  @Field(() => Date, { nullable: true, description: 'Time of the last rotation; null before the first.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('of the secret')
  rotatedAt?: Date | null;

  @Field(() => Date, { nullable: true, description: 'Time until which the previous secret is also valid.' })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @Withheld('of the secret')
  overlapEndsAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time of the revocation; null for a key that was not revoked.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo('coalesce(revoked_at, now())')
  revokedAt?: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: 'Time of the last use, to the minute; null for an unused key.',
  })
  @Property({ type: 'timestamptz', length: 3, nullable: true })
  @ShownTo('PARTNER')
  lastUsedAt?: Opt<Date> | null;

  @Field({ description: 'Id of the actor that created the key.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(erased.word)
  createdBy!: string;

  /** The actors that created or rotated the key, and so know a secret of it. */
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
