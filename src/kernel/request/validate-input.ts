import { type ValidationError, validate } from 'class-validator';
import { invalid } from '../../domain/errors.ts';
import { readTexts } from './kinds.ts';

function first(errors: readonly ValidationError[], path: string): { field: string; message: string } | null {
  for (const { property, constraints, children } of errors) {
    const field = `${path}.${property}`;
    const inner = first(children ?? [], field);
    if (inner) return inner;
    const message = Object.values(constraints ?? {})[0];
    if (message) return { field, message: message.replace(property, '').trim() };
  }
  return null;
}

// By our naming every argument object is `filter`, `period` or `input`.
const argumentOf = (type: string) =>
  /Filter$/.test(type) ? 'filter' : /PeriodInput$/.test(type) ? 'period' : 'input';

/** type-graphql's hook: reads the texts of argument objects, checks their other fields by their decorators, and
 *  names the field at fault. */
export async function validateInput(value: unknown): Promise<void> {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || value instanceof Date) return;
  const type = value.constructor?.name;
  if (!type || type === 'Object' || type === 'PageArgs') return; // paging checks its own, on every list
  readTexts(value, argumentOf(type));
  const errors = await validate(value, {
    skipMissingProperties: true,
    forbidUnknownValues: false,
    validationError: { target: false, value: false },
  });
  const fault = first(errors, argumentOf(type));
  if (fault) throw invalid(fault.field, fault.message);
}
