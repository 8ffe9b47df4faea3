import { z } from 'zod';

/** The facts that a section depends on, besides its variables. */
export interface Mode {
  readonly production: boolean;
  /** The folder of the files that the product creates. */
  readonly dataFolder: string;
}

interface Documentation {
  /** One or two sentences. */
  readonly description: string;
  readonly example?: string;
  /** The default, if it is not a fixed text. */
  readonly otherwise?: string;
  /** A secret may also come from the file that NAME_FILE names. */
  readonly secret?: true;
  /** The reason why production does not start without the variable. */
  readonly neededInProduction?: string;
}

export const documentation = z.registry<Documentation>();

/** A variable with its documentation, from which docs/configuration.md and .env.example are made. */
export function variable<Schema extends z.ZodType>(schema: Schema, about: Documentation): Schema {
  documentation.add(schema, about);
  return schema;
}

/** The variables that are set. */
export type Given = Readonly<Record<string, string>>;

/** A rule across the variables of a section. */
export interface Rule {
  readonly sentence: string;
  /** One sentence for each fault. */
  faults(given: Given, mode: Mode): Iterable<string>;
}

export interface Section<Shape extends z.ZodRawShape = z.ZodRawShape, Value extends object = object> {
  readonly title: string;
  readonly about?: string;
  readonly rules?: readonly Rule[];
  variables(mode: Mode): Shape;
  /** The part of the configuration that the section makes. */
  value(set: z.output<z.ZodObject<Shape>>, mode: Mode): Value;
}

/** Lets TypeScript infer the types of a section from its parts. */
export const section = <Shape extends z.ZodRawShape, Value extends object>(
  parts: Section<Shape, Value>,
): Section<Shape, Value> => parts;

/** Reads a section; its value is null where there are faults, one sentence each. */
export function readSection<Shape extends z.ZodRawShape, Value extends object>(
  { variables, rules = [], value }: Section<Shape, Value>,
  given: Given,
  mode: Mode,
): { value: Value | null; faults: string[] } {
  const shape = variables(mode);
  const { data, error } = z.object(shape).safeParse(given);
  const broken = rules.flatMap((rule) => [...rule.faults(given, mode)]);
  if (!error && broken.length === 0) return { value: value(data, mode), faults: [] };
  const faults = (error?.issues ?? []).map(({ path, code, message }) => {
    const name = String(path[0]);
    if (code !== 'invalid_type') return `${name} ${message}`;
    // Every value is a text, so a wrong type is a missing variable.
    return `${name} is missing: ${documentation.get(shape[name] as z.ZodType)?.neededInProduction}`;
  });
  return { value: null, faults: [...faults, ...broken] };
}

/** Either all of `names` are set, or none of them and of `others`. */
export const allOrNone = (
  names: readonly string[],
  { others = [], purpose }: { others?: readonly string[]; purpose: string },
): Rule => ({
  sentence: `Set all of ${listed(names)}, or none.`,
  *faults(given) {
    if (![...names, ...others].some((name) => given[name] !== undefined)) return;
    for (const name of names) if (given[name] === undefined) yield `${name} is missing: ${purpose} needs it.`;
  },
});

/** Names for a sentence of the documentation. */
export function listed(names: readonly string[], conjunction = 'and'): string {
  const quoted = names.map((name) => `\`${name}\``);
  return `${quoted.slice(0, -1).join(', ')} ${conjunction} ${quoted.at(-1)}`;
}
