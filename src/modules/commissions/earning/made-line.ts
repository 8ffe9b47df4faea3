import type { GraphQLResolveInfo } from 'graphql';
import { askedFields, type PerField, perField } from '../../../kernel/data/asked.ts';
import { storedProperties } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { policyImplies } from '../../../kernel/data/policy-implies.ts';
import { plainPrototype } from '../../../kernel/data/rows.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { Commission } from '../commission/public.ts';
import type { MadeLine } from './earn-commission.ts';

const stored = storedProperties(Commission).map(({ name }) => name);
const prototype = plainPrototype(Commission.prototype, stored);

// The database sets `updatedAt`, and may store `metadata` in another form than the input.
const KNOWN = new Set(['__typename', 'rate', 'partner', 'customer', ...stored]);
KNOWN.delete('updatedAt');
KNOWN.delete('metadata');

const answers: PerField<{ readonly known: boolean; readonly customerToo: boolean }> = new WeakMap();

/** Returns a new commission as a row of the API without a query. Returns null when the request selects fields that the inserted
 *  values do not contain, or when the actor's policy for commissions is not implied by the policy for partners. */
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
  if (!known || !policyImplies(actor.reads.get('partner'), plan)) return null;
  const row = Object.assign(Object.create(prototype) as Commission, line, {
    baseAmount: new MoneyColumn(line.baseAmount),
    amount: new MoneyColumn(line.amount),
  });
  if (customerToo && line.customerId && policyImplies(plan, actor.reads.get('customer')))
    Object.defineProperty(row, 'customer', { value: { id: line.customerId, externalId } });
  return row;
}
