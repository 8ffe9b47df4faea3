import type { GraphQLResolveInfo } from 'graphql';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import { PayoutFrequency, PayoutMethod, SkipReason } from '../../../domain/payout.ts';
import { authorize } from '../../../kernel/data/authorize.ts';
import { loaderFor } from '../../../kernel/data/loader.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { type Connection, type PageArgs, page } from '../../../kernel/data/paging.ts';
import { column, query, type Table } from '../../../kernel/data/rows.ts';
import { type Sql, sql } from '../../../kernel/data/sql.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { LocalDate } from '../../../kernel/request/scalars.ts';
import { partnerTable } from '../../partners/partner/public.ts';
import { balances, type RunPayoutsInput } from '../payout/public.ts';

import { dueOf } from './run-payouts.ts';

const CHUNK = 500;

@ObjectType({
  simpleResolvers: true,
  description: 'Result of a previewed payout run for one balance of a partner.',
})
export class PreviewedPayout {
  @Field(() => SkipReason, {
    nullable: true,
    description: 'Reason why the balance would be skipped. Null when the balance would be paid.',
  })
  reason!: SkipReason | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Amount of the payout. Null without commissions.',
  })
  amount!: MoneyColumn | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Sum of the commissions. Differs from `amount` when the rail cannot send the whole sum.',
  })
  balance!: MoneyColumn | null;

  @Field(() => Int, { description: 'Number of commissions in the balance.' })
  lineCount!: number;

  @Field(() => PayoutMethod, {
    nullable: true,
    description: 'Payout method of the payout. Null when the partner has chosen none.',
  })
  method!: PayoutMethod | null;

  @Field(() => LocalDate, {
    nullable: true,
    description: 'First day of the period. Null without commissions.',
  })
  periodStart!: string | null;

  @Field(() => LocalDate, { description: 'Last day of the period.' })
  periodEnd!: string;
}

@ObjectType({ simpleResolvers: true, description: 'A due partner in a preview.' })
export class PreviewedPartner {
  id!: string;

  @Field(() => ID, { description: 'Id of the partner.' })
  partnerId!: string;

  asOf!: Date;
}

@ObjectType({
  simpleResolvers: true,
  description: 'Result of a payout run if it were started now. A preview changes nothing.',
})
export class PayoutRunPreview {
  @Field(() => Date, { description: 'The run would pay all periods that ended at or before this time.' })
  asOf!: Date;

  @Field(() => PayoutFrequency, {
    nullable: true,
    description: 'The only payout frequency of the run. Null when the run covers all frequencies.',
  })
  frequency!: PayoutFrequency | null;

  tenantId!: string;
}

const previewedTable: Table<PreviewedPartner> = {
  ...partnerTable,
  type: PreviewedPartner,
  one: {},
  needs: {},
  columns: { id: column('p.id'), partnerId: column('p.id') },
};

/** Uses the same query as a run, and requires the same permission. */
export async function previewPayoutRun(ctx: Context, input: RunPayoutsInput): Promise<PayoutRunPreview> {
  const due = dueOf(ctx, input);
  await authorize(ctx, 'make', { kind: 'payout', id: '(run)', attributes: { tenantId: due.tenantId } });
  return due;
}

const dueNow = ({ tenantId, frequency }: PayoutRunPreview): Sql[] => [
  sql`p.tenant_id = ${tenantId}`,
  sql`p.deleted_at is null`,
  ...(frequency === null ? [] : [sql`p.payout_frequency = ${frequency}`]),
];

export async function previewedPartners(
  ctx: Context,
  info: GraphQLResolveInfo,
  preview: PayoutRunPreview,
  args: PageArgs,
): Promise<Connection<PreviewedPartner>> {
  const found = await page(ctx, info, previewedTable, args, dueNow(preview));
  for (const { node } of found.edges) node.asOf = preview.asOf;
  return found;
}

/** Each partner's balances with the result of a run: one query per page. */
export function loadPreviewedPayouts(
  ctx: Context,
  info: GraphQLResolveInfo,
  { id, asOf }: PreviewedPartner,
): Promise<PreviewedPayout[]> {
  return loaderFor<string, PreviewedPayout[]>(ctx, info, async (ids) => {
    const rows = await loadBalances(ctx, ids, asOf);
    const lists = Map.groupBy(rows, ({ partnerId }) => partnerId);
    return ids.map((key) => lists.get(key) ?? []);
  }).load(id);
}

async function loadBalances(
  ctx: Context,
  partnerIds: readonly string[],
  asOf: Date,
): Promise<(PreviewedPayout & { partnerId: string })[]> {
  const tenantId = ctx.actor.tenantId ?? '';
  const due = { tenantId, partnerIds, asOf, days: null, currency: null, method: null };
  const rows = await query(
    ctx,
    sql<Row>`
      select b.partner_id as "partnerId", b.reason, b.currency, b.amount, b.total, b.lines as "lineCount", b.method,
        b.period_start as "periodStart", b.period_end as "periodEnd"
      from ${balances(ctx, due)} b order by b.partner_id, b.currency`,
  );
  return rows.map(({ amount, total, currency, ...row }) => {
    const of = (minor: bigint | null) =>
      minor === null || currency === null ? null : new MoneyColumn({ minor, currency });
    return { ...row, amount: of(row.reason === null ? amount : null), balance: of(total) };
  });
}

interface Row extends Omit<PreviewedPayout, 'amount' | 'balance'> {
  readonly partnerId: string;
  readonly currency: string | null;
  readonly amount: bigint | null;
  readonly total: bigint | null;
}

export interface PreviewSum {
  readonly payoutCount: number;
  readonly skippedCount: number;
  readonly totals: MoneyColumn[];
}

/** Totals of the whole run, in queries of some hundred partners. */
export async function loadPreviewTotals(ctx: Context, preview: PayoutRunPreview): Promise<PreviewSum> {
  const totals = new Map<string, bigint>();
  let payoutCount = 0;
  let skippedCount = 0;
  for (let after: string | null = null; ; ) {
    const rows: { id: string }[] = await query(
      ctx,
      sql<{ id: string }>`
        select p.id from partners p where ${sql.and(dueNow(preview))} and ${after ? sql`p.id > ${after}` : sql`true`}
        order by p.id limit ${sql.raw(CHUNK)}`,
    );
    const ids = rows.map(({ id }) => id);
    for (const { amount } of ids.length ? await loadBalances(ctx, ids, preview.asOf) : []) {
      if (!amount) skippedCount += 1;
      else {
        payoutCount += 1;
        totals.set(amount.currency, (totals.get(amount.currency) ?? 0n) + amount.minor);
      }
    }
    after = ids.at(-1) ?? null;
    if (ids.length < CHUNK) break;
  }
  return {
    payoutCount,
    skippedCount,
    totals: [...totals]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([currency, minor]) => new MoneyColumn({ minor, currency })),
  };
}
