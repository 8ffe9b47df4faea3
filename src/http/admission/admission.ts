import type { GraphQLError } from 'graphql';
import ipaddr from 'ipaddr.js';
import type { Actor } from '../../kernel/request/actor.ts';
import type { Context } from '../../kernel/request/context.ts';
import { refusalOf } from '../../kernel/request/format-error.ts';
import { callsPerHourOf } from '../../modules/partners/partner/public.ts';
import { takesAccessAway } from '../../policies/mutations.ts';
import type { Documents, Operation } from '../documents/documents.ts';
import { type Asked, TrustMode, textOf } from '../documents/trusted-documents.ts';
import type { Door } from './authenticate.ts';
import type { Budget, CallBudgets, Standing } from './call-budgets.ts';
import { lanes } from './lanes.ts';

const PARTNER_REMEMBERED_MS = 60_000;
const MANY_PARTNERS = 20_000;
/** Acts that a person could try again and again. All processes count them together; without a count they do not run. */
const GUESSABLE = 'acceptInvitation';
/** Lists that a person reads to find what to take access from. */
const FINDS_ACCESS: ReadonlySet<string> = new Set(['apiKeys', 'members']);
const FREE_PER_MINUTE = 60;

export interface CallLimits {
  readonly staffCallsPerHour: number;
  readonly anonymousCallsPerMinute: number;
  readonly clicksPerMinute: number;
}

/** A caller and its rate limit, for one request or one message of a WebSocket. */
interface Pass {
  /** Takes one call, for a request that is no document. Throws RATE_LIMITED if none is left. */
  enter(): Promise<void>;
  /** Returns the operation if it is valid and within all limits. One call is taken before the document is read, and one for
   *  each further root field. What only takes access away costs nothing and runs without a call left, so that a leaked key
   *  cannot prevent its revocation. Null if the request names no operation. A document of ours is trusted in every mode. */
  admit(
    asked: Asked,
    options?: { readonly isOurs?: boolean },
  ): Promise<Operation | readonly GraphQLError[] | null>;
  standing(): Standing;
}

export interface Admission {
  passFor(ctx: Context): Promise<Pass>;
  /** Returns the caller of a credential. Refused credentials are counted by address, and after too many they get
   *  RATE_LIMITED. A valid credential is never refused for those of its neighbours, so each is looked up. */
  callerAt(address: string, door: Door, authorization: string | undefined): Promise<Actor>;
  /** Checks a signed message. After too many forgeries from an address, further ones get RATE_LIMITED. */
  provenAt<T>(address: string, prove: () => Promise<T>): Promise<T>;
}

/** Decides whether an operation may run, for HTTP requests and WebSocket messages alike. */
export function admissionOf(
  documents: Documents,
  budgets: CallBudgets,
  { staffCallsPerHour, anonymousCallsPerMinute }: CallLimits,
  trust: TrustMode,
): Admission {
  const limits = new Map<string, { calls: Promise<number>; until: number }>();

  function partnerLimit(ctx: Context, partnerId: string): Promise<number> {
    const known = limits.get(partnerId);
    if (known && known.until > Date.now()) return known.calls;
    if (limits.size >= MANY_PARTNERS) limits.clear();
    const calls = callsPerHourOf(ctx, partnerId);
    limits.set(partnerId, { calls, until: Date.now() + PARTNER_REMEMBERED_MS });
    calls.catch(() => limits.delete(partnerId));
    return calls;
  }

  const ofAddress = (kind: string, address: string | null): Budget => ({
    key: `${kind}:${networkOf(address ?? '')}`,
    calls: anonymousCallsPerMinute,
    seconds: 60,
  });

  /** The same, for a person with a proven identity and no rights yet. */
  const ofPerson = (kind: string, { issuer, id }: Actor): Budget => ({
    key: `${kind}:${issuer}:${id}`,
    calls: anonymousCallsPerMinute,
    seconds: 60,
  });

  async function budgetOf(ctx: Context): Promise<Budget> {
    const { actor, ipAddress } = ctx;
    if (actor.partnerId !== null)
      return {
        key: `partner:${actor.partnerId}`,
        calls: await partnerLimit(ctx, actor.partnerId),
        seconds: 3_600,
      };
    if (actor.role === 'ANONYMOUS') return ofAddress('address', ipAddress);
    if (actor.role === 'GUEST') return ofPerson('guest', actor);
    return { key: `caller:${actor.tenantId}:${actor.id}`, calls: staffCallsPerHour, seconds: 3_600 };
  }

  /** The attempts of one credential that cost nothing, so that a leaked one does not use up those of others. An API key has
   *  none, because it cannot take access away. */
  async function isFree({ actor, credential }: Context): Promise<boolean> {
    const person = actor.credential === 'API_KEY' ? null : credential();
    if (person === null) return false;
    const attempts = { key: `taking access away:${person}`, calls: FREE_PER_MINUTE, seconds: 60 };
    return budgets.take(attempts, 1).then(
      () => true,
      () => false,
    );
  }

  /** Takes the call that reads a document. Returns the refusal if no call is left and the document may still be free. */
  async function takeToRead(ctx: Context, budget: Budget): Promise<unknown> {
    try {
      await budgets.take(budget, 1);
      return null;
    } catch (refusal) {
      if (await isFree(ctx)) return refusal;
      throw refusal;
    }
  }

  const share = lanes();

  /** Counts the refusals of an address. When it had too many, its look-ups share a few places. */
  async function countingRefusals<T>(budget: Budget, work: () => Promise<T>): Promise<T> {
    try {
      return await (budgets.isSpent(budget) ? share(budget.key, work) : work());
    } catch (error) {
      if (refusalOf(error)?.code === 'UNAUTHENTICATED') await budgets.take(budget, 1);
      throw error;
    }
  }

  return {
    provenAt: (address, prove) => countingRefusals(ofAddress('forged', address), prove),
    async passFor(ctx) {
      const budget = await budgetOf(ctx);
      return {
        enter: () => budgets.take(budget, 1),
        standing: () => budgets.standing(budget),
        async admit(asked, { isOurs = false } = {}) {
          const refusal = await takeToRead(ctx, budget);
          const text = textOf(isOurs ? TrustMode.off : trust, asked, ctx.actor);
          const { operationName } = asked;
          const operation =
            typeof text === 'string'
              ? documents.read(text, typeof operationName === 'string' ? operationName : null, ctx.actor)
              : text && [text];
          const read = operation && 'document' in operation ? operation : null;
          const ends = read !== null && within(read.fields, takesAccessAway);
          if (refusal && !ends && !(read?.calls === 1 && within(read.fields, FINDS_ACCESS))) throw refusal;
          if (!read) return operation;
          if (ends && !refusal && (await isFree(ctx))) budgets.giveBack(budget, 1);
          if (!ends && read.calls > 1) await budgets.take(budget, read.calls - 1);
          if (read.fields.has(GUESSABLE)) await budgets.takeTogether(ofPerson('guess', ctx.actor));
          return read;
        },
      };
    },
    callerAt(address, door, authorization) {
      const look = () => door.actorOf(authorization);
      return door.knows(authorization) ? look() : countingRefusals(ofAddress('refused', address), look);
    },
  };
}

const within = (fields: ReadonlySet<string>, others: ReadonlySet<string>): boolean =>
  [...fields].every((field) => others.has(field));

/** The owner of one IPv6 address usually has 2^64 of them. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown';
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return ipaddr.IPv6.networkAddressFromCIDR(`${parsed}/64`).toString();
}
