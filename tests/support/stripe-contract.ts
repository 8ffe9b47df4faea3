import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Document, OpenAPIBackend } from 'openapi-backend';

const SPEC = fileURLToPath(
  new URL('../../../shared/integrations/data/stripe/stripe-payouts-min-with-fixtures.json', import.meta.url),
);

/** Why there is no contract to hold anything against; null where there is one. */
export const noContract: string | null = existsSync(SPEC)
  ? null
  : 'Stripe’s OpenAPI is not beside this folder';

export interface StripeContract {
  /** What is wrong with a request; null: nothing, or it is no path of the contract. */
  request(method: string, path: string, query: string, body: object | null): string | null;
  response(method: string, path: string, status: number, body: object): string | null;
  readonly checked: { requests: number; responses: number };
}

/** Stripe's own OpenAPI, of the paths that payouts need. */
export async function stripeContract(): Promise<StripeContract | null> {
  if (noContract) return null;
  const definition = nullsAllowed(JSON.parse(readFileSync(SPEC, 'utf8'))) as Document;
  const paths = Object.keys(definition.paths ?? {});
  const api = new OpenAPIBackend({
    definition,
    quick: true,
    ajvOpts: { strict: false, coerceTypes: true, allErrors: true, logger: false },
  });
  await api.init();
  const { validator, router } = api;
  const checked = { requests: 0, responses: 0 };
  const operation = (method: string, path: string) => {
    const known = paths.find((pattern) => new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path));
    return known ? router.matchOperation({ method, path, headers: {} }) : undefined;
  };
  const said = (errors: unknown) => (errors ? JSON.stringify(errors).slice(0, 2_000) : null);
  return {
    checked,
    request(method, path, query, body) {
      if (!operation(method, path)) return null;
      checked.requests += 1;
      const request = {
        method,
        path,
        query,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        ...(body && { body: structuredClone(body) }), // validation turns its text into numbers
      };
      return said(validator.validateRequest(request).errors);
    },
    response(method, path, status, body) {
      const known = operation(method, path);
      if (!known) return null;
      checked.responses += 1;
      return said(validator.validateResponse(structuredClone(body), known, status).errors);
    },
  };
}

/** OpenAPI 3.0 says `nullable`, which JSON Schema does not know. */
function nullsAllowed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nullsAllowed);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, ...rest } = value as Record<string, unknown>;
  const plain = Object.fromEntries(Object.entries(rest).map(([name, part]) => [name, nullsAllowed(part)]));
  return nullable === true ? { anyOf: [plain, { type: 'null' }] } : plain;
}
