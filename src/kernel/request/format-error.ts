import { NotFoundError } from '@mikro-orm/core';
import { GraphQLError } from 'graphql';
import { AppError, type ErrorCode } from '../../domain/errors.ts';
import type { Context } from './context.ts';

/** The status of HTTP for a refusal of a whole request. */
export const STATUS_OF_CODE: Readonly<Record<ErrorCode, number>> = {
  BAD_USER_INPUT: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  RATE_LIMITED: 429,
  SERVICE_UNAVAILABLE: 503,
};

/** The refusal for each unique constraint. Use cases check first, so only a race reaches the constraint. */
const conflicts: Record<string, string> = {
  payout_items_one_live_claim: 'Another payout claimed a commission of this payout at the same time.',
  conversions_one_each_referral: 'The referral is already converted.',
  conversions_one_each_order: 'The order is already converted.',
  conversions_one_each_order_and_partner: 'The order is already converted.',
  tracking_links_path: 'The path is already in use.',
  coupons_code: 'The program already has a coupon with this code.',
  deals_one_live_domain: 'The prospect is already registered.',
  deals_one_live_email: 'The prospect is already registered.',
  members_one_each_email: 'A person with this e-mail address is already a member or invited.',
  members_one_partner_each: 'You are already a member of a partner of this program.',
  partners_referral_code: 'The referral code is already in use.',
  programs_identity_org_id: 'Another program uses this organisation of the identity provider.',
  partners_identity_org_id: 'Another partner uses this organisation of the identity provider.',
  white_label_configs_domain: 'Another partner uses this domain.',
};

// Lost connections, and a database that is starting, stopping or full: the caller may try again.
const UNAVAILABLE = /^(08|53|57P0)|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND)$/;

/** The refusal for an error, or null for a bug. */
export function refusalOf(thrown: unknown): AppError | null {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof NotFoundError) return new AppError('NOT_FOUND', 'not found');
  const { code, constraint, message } = (thrown ?? {}) as {
    code?: unknown;
    constraint?: unknown;
    message?: unknown;
  };
  if (code === '23505' && typeof constraint === 'string' && conflicts[constraint]) {
    return new AppError('CONFLICT', conflicts[constraint]);
  }
  // Inputs are checked before; this is for a text that reaches a statement on another way.
  if (code === '22021' || code === '22P05')
    return new AppError('BAD_USER_INPUT', 'The input contains a NUL character or half a surrogate pair.');
  const lost =
    typeof message === 'string' &&
    /^Connection terminated|^Client (has encountered a connection error|was closed)|timeout exceeded when trying to connect/.test(
      message,
    );
  if (lost || (typeof code === 'string' && UNAVAILABLE.test(code))) {
    return new AppError('SERVICE_UNAVAILABLE', 'The database is not available. Try again in a moment.');
  }
  return null;
}

/** The only place that turns an error of a resolver into a response: a refusal keeps its code; a bug is logged with the
 *  request id and masked. */
export function responseError(
  error: GraphQLError,
  { log, requestId }: Pick<Context, 'log' | 'requestId'>,
): GraphQLError {
  if (error.extensions['code']) return error;
  const place = { nodes: error.nodes ?? null, path: error.path ?? null };
  const thrown = error.originalError ?? error;
  const refusal = refusalOf(thrown);
  if (refusal && refusal.code !== 'SERVICE_UNAVAILABLE') {
    return new GraphQLError(refusal.message, {
      ...place,
      extensions: { code: refusal.code, ...refusal.details },
    });
  }
  log.error(
    { requestId, error: thrown, path: error.path?.join('.') },
    refusal ? 'not available' : 'unexpected error',
  );
  return refusal
    ? new GraphQLError(refusal.message, {
        ...place,
        extensions: { code: refusal.code, requestId, http: { status: 503 } },
      })
    : new GraphQLError('internal error', {
        ...place,
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
      });
}
