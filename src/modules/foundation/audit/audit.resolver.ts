import type { GraphQLResolveInfo } from 'graphql';
import {
  Arg,
  Args,
  Authorized,
  Ctx,
  Field,
  ID,
  Info,
  Int,
  ObjectType,
  Query,
  Resolver,
  registerEnumType,
} from 'type-graphql';
import { type Connection, connectionOf, PageArgs, page } from '../../../kernel/data/paging.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { AuditFilter } from './audit.inputs.ts';
import { AuditEvent, auditTable } from './audit-event.entity.ts';
import { AuditFault, verifyOwnAudit } from './verify-audit.ts';

registerEnumType(AuditFault, {
  name: 'AuditFault',
  description: 'Kind of a fault in an audit log.',
  valuesConfig: {
    CHANGED: { description: 'An entry or its link was changed.' },
    DELETED: { description: 'An entry is missing, but its link exists.' },
    INSERTED: { description: 'An entry was inserted between two consecutive ones.' },
    REORDERED: { description: 'Entries changed places.' },
    MISSING: { description: 'The link of this place is missing.' },
    FORKED: { description: 'Two links have the same place.' },
    PERSONAL_CHANGED: {
      description: 'The personal values of an entry were changed. After an erasure they would be absent.',
    },
    UNLINKED: {
      description:
        'An entry older than a minute has no link: it was inserted later, or the worker does not run.',
    },
    TAIL_CUT: { description: 'The log ends before its last seal.' },
    REBUILT: {
      description:
        'The chain is consistent but contradicts its seal: it was rebuilt after the previous seal.',
    },
    SEAL_FORGED: { description: 'A seal does not have the signature of this product.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'The first fault of an audit log.' })
class AuditFinding {
  @Field(() => AuditFault, { description: 'Kind of the fault.' })
  kind!: AuditFault;

  @Field(() => Int, {
    nullable: true,
    description: 'Place in the chain, from 1; null for an entry without a place.',
  })
  seq!: number | null;

  @Field(() => ID, { nullable: true, description: 'Id of the entry; null if it is unknown.' })
  eventId!: string | null;
}

@ObjectType({ simpleResolvers: true, description: "Result of a check of the caller's whole audit log." })
export class AuditVerification {
  @Field({ description: 'True if every entry is unchanged.' })
  ok!: boolean;

  @Field(() => Int, { description: 'Number of correct entries, counted from the first one.' })
  checked!: number;

  @Field(() => AuditFinding, {
    nullable: true,
    description: 'First fault; null without a fault.',
  })
  firstFault!: AuditFinding | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'Place of the last valid seal: entries up to it cannot be rebuilt undetected. Null before the first seal.',
  })
  sealedThrough!: number | null;
}

const AuditEventConnection = connectionOf(AuditEvent);

function narrow(filter: AuditFilter | null): Sql[] {
  const conditions: Sql[] = [];
  if (filter?.subjectId)
    conditions.push(
      sql`(e.subject_id = ${filter.subjectId} or (e.subjects @> array[${filter.subjectId}]::uuid[] and e.subjects <> '{}'))`,
    );
  if (filter?.partnerId) conditions.push(sql`e.partner_id = ${filter.partnerId}`);
  if (filter?.action) conditions.push(sql`e.action = ${filter.action}`);
  if (filter?.actorId) conditions.push(sql`e.actor_id = ${filter.actorId}`);
  if (filter?.from) conditions.push(sql`e.created_at >= ${filter.from}`);
  if (filter?.to) conditions.push(sql`e.created_at < ${filter.to}`);
  return conditions;
}

@Resolver(() => AuditEvent)
export class AuditResolver {
  @Authorized('audit:read')
  @Query(() => AuditEventConnection, { description: 'Returns the audit log, newest entries first.' })
  auditEvents(
    @Arg('filter', () => AuditFilter, { nullable: true, description: 'Selects entries.' })
    filter: AuditFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<AuditEvent>> {
    return page(ctx, info, auditTable, args, narrow(filter));
  }

  @Authorized('audit:read')
  @Query(() => AuditVerification, {
    description:
      "Recomputes every hash of the audit log of the caller's tenant and compares the seals. Returns the result.",
  })
  verifyAudit(@Ctx() ctx: Context): Promise<AuditVerification> {
    return verifyOwnAudit(ctx);
  }
}
