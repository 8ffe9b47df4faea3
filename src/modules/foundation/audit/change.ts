import { PERSONAL_FIELDS, SECRET_FIELDS } from '../../../domain/personal-fields.ts';
import { canonical } from '../../../kernel/request/canonical.ts';
import { amountText } from '../../../kernel/request/currency.ts';

type Plain = Record<string, unknown>;

export interface Sides {
  readonly before: Plain | null;
  readonly after: Plain | null;
}

const isObject = (value: unknown): value is Plain =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** Returns plain values: bigint as text, an amount of money as in the GraphQL API. */
function plain(value: object): Plain {
  return JSON.parse(
    JSON.stringify(value, function (this: Plain, key, each) {
      const raw = this[key] as { minor?: unknown; currency?: unknown } | null | undefined;
      if (isObject(raw) && typeof raw.minor === 'bigint')
        return { amount: amountText(raw as never), currency: raw.currency };
      return typeof each === 'bigint' ? `${each}` : each;
    }),
  );
}

/** Returns the values before and after a change as plain values. If both are given, only the differences. */
export function changeOf(before: object | null | undefined, after: object | null | undefined): Sides {
  const was = before ? plain(before) : null;
  const is = after ? plain(after) : null;
  if (was && is) {
    for (const key of Object.keys(was)) {
      if (key in is && canonical(was[key]) === canonical(is[key])) {
        delete was[key];
        delete is[key];
      }
    }
  }
  return { before: was, after: is };
}

/** Separates the personal values, which become null in the entry. Secrets are in neither part. */
export function apart(sides: Sides): { kept: Sides; personal: Partial<Sides> | null } {
  const [before, personalBefore] = sides.before ? divide(sides.before) : [null, null];
  const [after, personalAfter] = sides.after ? divide(sides.after) : [null, null];
  const personal = {
    ...(personalBefore && { before: personalBefore }),
    ...(personalAfter && { after: personalAfter }),
  };
  return { kept: { before, after }, personal: personalBefore || personalAfter ? personal : null };
}

function divide(value: Plain): [kept: Plain, personal: Plain | null] {
  const kept: Plain = {};
  const personal: Plain = {};
  for (const [key, each] of Object.entries(value)) {
    kept[key] = each;
    if (each === null) continue;
    if (SECRET_FIELDS.has(key)) kept[key] = '[not kept]';
    else if (PERSONAL_FIELDS.has(key) || (Array.isArray(each) && each.some(ofPersons))) {
      kept[key] = null;
      if (!isObject(each) || Object.keys(each).length > 0) personal[key] = each;
    } else if (isObject(each)) {
      const [own, theirs] = divide(each);
      kept[key] = own;
      if (theirs) personal[key] = theirs;
    }
  }
  return [kept, Object.keys(personal).length > 0 ? personal : null];
}

const ofPersons = (value: unknown): boolean =>
  isObject(value) &&
  Object.entries(value).some(
    ([key, each]) => PERSONAL_FIELDS.has(key) || SECRET_FIELDS.has(key) || ofPersons(each),
  );

/** Joins the parts that `apart` separated. Erased values stay null. */
export function together(kept: Plain | null, personal: Plain | null | undefined): Plain | null {
  if (!kept || !personal) return kept;
  const whole = { ...kept };
  for (const [key, each] of Object.entries(personal)) {
    const own = whole[key];
    whole[key] = isObject(own) && isObject(each) ? together(own, each) : each;
  }
  return whole;
}
