import { unwrapResolverError } from '@apollo/server/errors';
import { NotFoundError } from '@mikro-orm/core';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { AppError } from '../domain/errors.ts';

/** What a unique constraint of the database means to a caller; a race reaches it, the code asks first. */
const conflicts: Record<string, string> = {
  payout_items_one_live_claim: 'a commission of this payout was claimed by another payout at the same time',
  conversions_one_each_referral: 'the referral was converted already',
  conversions_one_each_order: 'the order was converted already',
  white_label_configs_domain: 'another partner uses this domain',
  idempotency_keys_pkey: 'the same idempotency key is being used by another request: try again',
};

// Lost connections and a database that is starting, stopping or full: the caller may try again.
const UNAVAILABLE = /^(08|53|57P0)|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/;

/** A refusal as the API speaks it; everything else is a bug or an outage: logged by id, masked. */
export function refusalOf(thrown: unknown): AppError | null {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof NotFoundError) return new AppError('NOT_FOUND', 'not found');
  const { code, constraint } = (thrown ?? {}) as { code?: unknown; constraint?: unknown };
  if (code === '23505' && typeof constraint === 'string' && conflicts[constraint]) {
    return new AppError('CONFLICT', conflicts[constraint]);
  }
  if (typeof code === 'string' && UNAVAILABLE.test(code)) {
    return new AppError('SERVICE_UNAVAILABLE', 'the database is not available: try again in a moment');
  }
  return null;
}

/** The only place where an error becomes a response. */
export function formatError(log: Logger, requestId: string) {
  return (formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError => {
    const error = unwrapResolverError(thrown);
    const place = {
      ...(formatted.path && { path: formatted.path }),
      ...(formatted.locations && { locations: formatted.locations }),
    };
    const refusal = refusalOf(error);
    if (refusal) {
      if (refusal.code === 'SERVICE_UNAVAILABLE') log.error({ requestId, error }, 'database not available');
      return { message: refusal.message, ...place, extensions: { code: refusal.code, ...refusal.details } };
    }
    const code = formatted.extensions?.['code'];
    if (code === 'BAD_USER_INPUT' && error instanceof GraphQLError) {
      const field = formatted.extensions?.['field'];
      return { message: formatted.message, ...place, extensions: { code, ...(field ? { field } : {}) } };
    }
    if (code !== undefined && code !== 'INTERNAL_SERVER_ERROR') {
      return { message: formatted.message, ...place, extensions: { code } }; // Apollo's own: parse, validate, CSRF
    }
    log.error({ requestId, error, path: formatted.path }, 'unexpected error');
    return {
      message: 'internal error',
      ...(formatted.path && { path: formatted.path }),
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
    };
  };
}
