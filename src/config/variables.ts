import { z } from 'zod';
import { documentation } from './section.ts';
import { SECTIONS } from './sections.ts';

export interface Variable {
  readonly name: string;
  /** Title of its section. */
  readonly section: string;
  readonly description: string;
  readonly example: string | null;
  /** True if the value may also come from the file that NAME_FILE names. */
  readonly secret: boolean;
  /** True if production does not start without the variable. */
  readonly neededInProduction: boolean;
  readonly development: Default;
  readonly production: Default;
}

/** The default value, or a description of the default. */
export type Default = { readonly text: string } | { readonly words: string };

/** Every variable that the product reads, in the order of the documentation. */
export const variables: readonly Variable[] = SECTIONS.flatMap(({ title, variables: shapeIn }) => {
  const development: z.ZodRawShape = shapeIn({ production: false, dataFolder: '.data' });
  const production: z.ZodRawShape = shapeIn({ production: true, dataFolder: '.data' });
  return Object.keys(development).map((name) => {
    const [schema, strict] = [development[name], production[name]] as [z.ZodType, z.ZodType];
    const about = documentation.get(schema);
    if (!about) throw new Error(`${name} has no documentation`);
    return {
      name,
      section: title,
      description: about.description,
      example: about.example ?? null,
      secret: about.secret ?? false,
      neededInProduction: about.neededInProduction !== undefined,
      development: defaultOf(schema),
      production: defaultOf(strict),
    };
  });
});

function defaultOf(schema: z.ZodType): Default {
  if (schema instanceof z.ZodPrefault) return { text: String(schema.def.defaultValue) };
  return { words: documentation.get(schema)?.otherwise ?? 'none' };
}
