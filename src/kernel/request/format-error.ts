import { NotFoundError } from '@mikro-orm/core';
import { GraphQLError } from 'graphql';
import { AppError } from '../../domain/errors.ts';
import type { Context } from './context.ts';

/** The refusal for each unique constraint. Use cases check first, so only a race reaches the constraint. */
const conflicts: Record<string, string> = {
  payout_items_one_live_claim: 'a commission of this payout was claimed by another payout at the same time',
  conversions_one_each_referral: 'the referral was converted already',
  conversions_one_each_order: 'the order was converted already',
  conversions_one_each_order_and_partner: 'the order was converted already',
  tracking_links_path: 'the path is taken',
  coupons_code: 'the program has a coupon of this code',
  deals_one_live_domain: 'the prospect is registered already',
  deals_one_live_email: 'the prospect is registered already',
  members_one_each_email: 'somebody with this e-mail address is a member or invited already',
  members_one_partner_each: 'you are a member of a partner of this program already',
  partners_referral_code: 'the referral code is taken',
  programs_identity_org_id: 'another program has this organisation of the identity provider',
  partners_identity_org_id: 'another partner has this organisation of the identity provider',
  white_label_configs_domain: 'another partner uses this domain',
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
  const lost =
    typeof message === 'string' &&
    /^Connection terminated|^Client (has encountered a connection error|was closed)|timeout exceeded when trying to connect/.test(
      message,
    );
  if (lost || (typeof code === 'string' && UNAVAILABLE.test(code))) {
    return new AppError('SERVICE_UNAVAILABLE', 'the database is not available: try again in a moment');
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
