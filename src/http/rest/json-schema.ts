import {
  type GraphQLInputType,
  type GraphQLLeafType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredInputField,
} from 'graphql';

/** A schema of JSON Schema 2020-12, as OpenAPI 3.1 uses it. */
export interface JsonSchema {
  readonly [key: string]: unknown;
}

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  ID: { type: 'string' },
  String: { type: 'string' },
  Int: { type: 'integer' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
  JSONObject: { type: 'object' },
};

/** Returns the schema of a scalar or an enum. An enum and a scalar of the product have a component of their own. */
export const leafSchema = ({ name }: GraphQLLeafType): JsonSchema =>
  SCALARS[name] ?? { $ref: `#/components/schemas/${name}` };

/** The schemas of the product's own scalars. */
export const OWN_SCALARS: Readonly<Record<string, JsonSchema>> = {
  DateTime: { type: 'string', format: 'date-time' },
  LocalDate: { type: 'string', format: 'date' },
  Decimal: { type: 'string', pattern: '^-?\\d+(\\.\\d+)?$' },
  Percentage: { type: 'number', minimum: 0, maximum: 100 },
  EmailAddress: { type: 'string' },
};

/** In a request an exact amount may also be a number. */
const GIVEN: Readonly<Record<string, JsonSchema>> = {
  Decimal: { type: ['string', 'number'] },
  Percentage: { type: ['number', 'string'] },
};

export function nullable(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  return typeof type === 'string'
    ? { ...schema, type: [type, 'null'] }
    : { anyOf: [schema, { type: 'null' }] };
}

/** Returns the schema of a value in a request. */
export const inputSchema = (type: GraphQLInputType): JsonSchema =>
  isNonNullType(type) ? presentSchema(type) : nullable(presentSchema(type));

/** Returns the schema of a value in a request that is not null. */
export function presentSchema(type: GraphQLInputType): JsonSchema {
  if (isNonNullType(type)) return presentSchema(type.ofType);
  if (isListType(type)) return { type: 'array', items: inputSchema(type.ofType) };
  if (!isInputObjectType(type)) return GIVEN[type.name] ?? leafSchema(type);
  const fields = Object.values(type.getFields());
  return {
    type: 'object',
    required: fields.filter(isRequiredInputField).map(({ name }) => name),
    properties: Object.fromEntries(
      fields.map((field) => [
        field.name,
        { ...inputSchema(field.type), description: field.description ?? '' },
      ]),
    ),
  };
}
