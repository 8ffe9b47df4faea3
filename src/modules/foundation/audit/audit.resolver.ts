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
  description: 'What was done to an audit log.',
  valuesConfig: {
    CHANGED: { description: 'An entry or its link is not what it was.' },
    DELETED: { description: 'An entry is gone, its link is still there.' },
    INSERTED: { description: 'An entry was put between two that followed each other.' },
    REORDERED: { description: 'Entries stand at places of others.' },
    MISSING: { description: 'The link of this place is gone.' },
    FORKED: { description: 'Two links claim one place.' },
    PERSONAL_CHANGED: {
      description: 'What an entry says of a person is not what it said; erased, it would be absent.',
    },
    UNLINKED: {
      description: 'An entry older than a minute has no link: it was put there, or the worker does not run.',
    },
    TAIL_CUT: { description: 'The log ends before its last seal.' },
    REBUILT: {
      description: 'The chain holds together but not its seal: it was made anew since the seal before.',
    },
    SEAL_FORGED: { description: 'A seal is not signed by us.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'The first thing that is wrong with an audit log.' })
class AuditFinding {
  @Field(() => AuditFault, { description: 'What was done.' })
  kind!: AuditFault;

  @Field(() => Int, {
    nullable: true,
    description: 'Its place in the chain, from 1; null where it has none.',
  })
  seq!: number | null;

  @Field(() => ID, { nullable: true, description: 'The entry; null where it is not known any more.' })
  eventId!: string | null;
}

@ObjectType({ simpleResolvers: true, description: "What became of a check of the caller's whole audit log." })
export class AuditVerification {
  @Field({ description: 'Whether every entry is what it was.' })
  ok!: boolean;

  @Field(() => Int, { description: 'Entries found right, from the first one on.' })
  checked!: number;

  @Field(() => AuditFinding, {
    nullable: true,
    description: 'The first thing that is wrong; null where nothing is.',
  })
  firstFault!: AuditFinding | null;

  @Field(() => Int, {
    nullable: true,
    description:
      'The place of the last seal that holds: nothing before it can be made anew unseen. Null before the first.',
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
  @Query(() => AuditEventConnection, { description: 'The audit log, newest first.' })
  auditEvents(
    @Arg('filter', () => AuditFilter, { nullable: true, description: 'Which of them.' })
    filter: AuditFilter | null,
    @Args(() => PageArgs) args: PageArgs,
    @Ctx() ctx: Context,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Connection<AuditEvent>> {
    return page(ctx, info, auditTable, args, narrow(filter));
  }

  @Authorized('audit:read')
  @Query(() => AuditVerification, {
    description: "Works every hash of the audit log of the caller's tenant out again and compares the seals.",
  })
  verifyAudit(@Ctx() ctx: Context): Promise<AuditVerification> {
    return verifyOwnAudit(ctx);
  }
}
