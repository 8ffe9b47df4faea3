import { z } from 'zod';
import { isWellKnownSecret } from './well-known-secret.ts';

export const text = z.string;

export const integer = (min: number, max: number) =>
  z
    .string()
    .transform(Number)
    .refine(
      (value) => Number.isInteger(value) && value >= min && value <= max,
      `must be a whole number from ${min} to ${max}.`,
    );

export const url = (...schemes: string[]) =>
  z.string().refine((value) => schemes.some((scheme) => value.startsWith(`${scheme}://`)), {
    error: `must begin with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}.`,
    abort: true,
  });

export const oneOf = <const Values extends readonly string[]>(values: Values) =>
  z.enum(values, { error: `must be ${values.join(' or ')}.` });

/** Parts separated by commas or spaces. */
export const list = () => z.string().transform((value) => value.split(/[\s,]+/).filter(Boolean));

/** In production the variable must be set. */
export const neededInProduction = <Schema extends z.ZodType>(schema: Schema, production: boolean) =>
  production ? schema : schema.optional();

/** In production a secret is neither short nor well known. */
export function secret(production: boolean, min: number) {
  if (!production) return z.string();
  return z
    .string()
    .refine((value) => !isWellKnownSecret(value), {
      error: 'is a well-known value: set your own.',
      abort: true,
    })
    .refine((value) => value.length >= min, `is too short: it needs at least ${min} characters.`);
}

const MIN_WEBHOOK_SECRET = 16;

/** Field for secrets of webhooks, newest first. The `prefix` does not count as random. */
export function webhookSecrets(production: boolean, prefix = '') {
  if (!production) return list();
  return list()
    .refine((secrets) => !secrets.some((value) => isWellKnownSecret(value.slice(prefix.length))), {
      error: 'has a well-known value: set your own.',
      abort: true,
    })
    .refine(
      (secrets) => secrets.every(({ length }) => length >= MIN_WEBHOOK_SECRET),
      `has a secret that is too short: each needs at least ${MIN_WEBHOOK_SECRET} characters.`,
    );
}

/** An origin without a slash at its end; in production without TLS only on this machine. */
export const origin = (production: boolean, example: string) =>
  z
    .string()
    .transform((value) => value.replace(/\/+$/, ''))
    .refine((value) => URL.canParse(value) && /^https?:/.test(value) && new URL(value).origin === value, {
      error: `must be an address without a path, such as ${example}.`,
      abort: true,
    })
    .refine(
      (value) =>
        !production || value.startsWith('https:') || /^http:\/\/(localhost|127\.0\.0\.1)(:|$)/.test(value),
      'must begin with https://: requests carry a key.',
    );
