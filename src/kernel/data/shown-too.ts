import type { Operand, Plan } from '../../ports/policy-decision.ts';
import { memo } from '../request/memo.ts';

/** What the database's references make alike of a row and of what it points at. */
const ALIKE = new Set(['request.resource.attr.tenantId', 'request.resource.attr.partnerId']);

const known = new WeakMap<Plan, WeakMap<Plan, boolean>>();

/** Whether who sees a row of the one plan sees what it points at by the other: only then may a join bring it along. It is
 *  so where the second plan asks nothing but what the first one asked of the tenant and partner that both have. */
export function showsToo(row: Plan | undefined, pointedAt: Plan | undefined): boolean {
  if (!row || !pointedAt) return false;
  const answers = memo(known, row, () => new WeakMap<Plan, boolean>());
  return memo(answers, pointedAt, () => compare(row, pointedAt));
}

function compare(row: Plan, pointedAt: Plan): boolean {
  if (pointedAt.kind !== 'CONDITIONAL') return pointedAt.kind === 'ALWAYS_ALLOWED';
  if (row.kind !== 'CONDITIONAL') return false;
  const asked = new Set(partsOf(row.condition).map((part) => JSON.stringify(part)));
  return partsOf(pointedAt.condition).every((part) => isAlike(part) && asked.has(JSON.stringify(part)));
}

const partsOf = (operand: Operand): readonly Operand[] =>
  'operator' in operand && operand.operator === 'and' ? operand.operands.flatMap(partsOf) : [operand];

const isAlike = (part: Operand): boolean =>
  'operator' in part &&
  part.operator === 'eq' &&
  part.operands.every((operand) =>
    'variable' in operand ? ALIKE.has(operand.variable) : 'value' in operand,
  );
