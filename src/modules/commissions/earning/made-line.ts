import type { GraphQLResolveInfo } from 'graphql';
import { askedFields, type PerField, perField } from '../../../kernel/data/asked.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { plainPrototype } from '../../../kernel/data/rows.ts';
import { showsToo } from '../../../kernel/data/shown-too.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission } from '../commission/public.ts';
import type { MadeLine } from './earn-commission.ts';

// Relations load by the ids of the line. What the database may store otherwise than it was given, e.g. notes, is not here.
const KNOWN = new Set([
  ...[
    '__typename',
    'id',
    'type',
    'method',
    'status',
    'baseAmount',
    'rate',
    'amount',
    'occurredAt',
    'holdUntil',
  ],
  ...['approvedAt', 'approvedBy', 'createdAt', 'partner', 'customer'],
]);

const prototype = plainPrototype(
  Commission.prototype,
  ['id', 'type', 'method', 'status', 'rateBps', 'occurredAt', 'holdUntil', 'createdAt', 'partnerId'].concat(
    ...['customerId', 'baseAmount', 'amount', 'approvedAt', 'approvedBy'],
  ),
);

const answers: PerField<{ readonly known: boolean; readonly customerToo: boolean }> = new WeakMap();

/** The answer with a line that was just made, from what was written; null where more is asked than that tells. Who saw the
 *  partner, as making the line took, must see its lines. */
export function rowOf(
  { actor }: Context,
  info: GraphQLResolveInfo,
  line: MadeLine,
  externalId: string | null | undefined,
): Commission | null {
  const { known, customerToo } = perField(answers, info, () => ({
    known: [...askedFields(info)].every((field) => KNOWN.has(field)),
    customerToo: [...askedFields(info, ['customer'])].every(
      (field) => field === 'id' || field === 'externalId',
    ),
  }));
  const plan = actor.reads.get('commission');
  if (!known || !showsToo(actor.reads.get('partner'), plan)) return null;
  const { id, type, method, status, rateBps = null, occurredAt, holdUntil, createdAt, partnerId } = line;
  const row = Object.assign(Object.create(prototype) as Commission, {
    ...{ id, type, method, status, rateBps, occurredAt, holdUntil, createdAt, partnerId },
    customerId: line.customerId,
    baseAmount: new MoneyColumn(line.baseAmount),
    amount: new MoneyColumn(line.amount),
    approvedAt: null,
    approvedBy: null,
  });
  if (customerToo && line.customerId && showsToo(plan, actor.reads.get('customer')))
    Object.defineProperty(row, 'customer', { value: { id: line.customerId, externalId } });
  return row;
}
