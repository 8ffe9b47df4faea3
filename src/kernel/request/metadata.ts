import { invalid } from '../../domain/errors.ts';

const LIMIT = 16_384;

/** Free-form notes of a caller, at most 16 kB as JSON. */
export function metadataOf(
  value: Record<string, unknown> | null | undefined,
  field: string,
): Record<string, unknown> {
  if (value == null) return {};
  if (Buffer.byteLength(JSON.stringify(value)) > LIMIT) throw invalid(field, 'must be at most 16 kB as JSON');
  return value;
}
