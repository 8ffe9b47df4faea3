import { GRPC } from '@cerbos/grpc';
import { AppError } from '../../domain/errors.ts';
import type {
  Attributes,
  Operand,
  PolicyDecision,
  Principal,
  Question,
  Verdict,
} from '../../ports/policy-decision.ts';

const TRIES = 2;
/** A policy service of its own may load other policies at any time, and does not say so. */
const VALID_FOR_MS = 60_000;
/** Cerbos accepts 50 resources per call. */
const CHUNK = 50;

/** The policy service at `url`: grpc://host:port, grpcs://host:port or unix:///path/to/socket. A call that fails or takes
 *  longer than the deadline is repeated once; then all its questions are refused. */
export function cerbos(url: string, { deadlineMs }: { deadlineMs: number }): PolicyDecision {
  const { target, tls } = addressOf(url);
  const client = new GRPC(target, {
    tls,
    channelOptions: { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 },
  });

  return {
    async check(principal, questions) {
      const chunks = Array.from({ length: Math.ceil(questions.length / CHUNK) }, (_, i) =>
        questions.slice(i * CHUNK, (i + 1) * CHUNK),
      );
      return (
        await Promise.all(chunks.map((chunk) => checkSome(client, deadlineMs, principal, chunk)))
      ).flat();
    },

    plan(principal, kind, action) {
      return withinDeadline(deadlineMs, async (signal) => {
        const { kind: what, ...rest } = await client.planResources(
          { principal: asCerbosHasIt(principal), resource: { kind }, action },
          { signal },
        );
        if (what === 'KIND_ALWAYS_ALLOWED') return { kind: 'ALWAYS_ALLOWED' };
        if (what === 'KIND_CONDITIONAL' && 'condition' in rest)
          return { kind: 'CONDITIONAL', condition: operandOf(rest.condition) };
        return { kind: 'ALWAYS_DENIED' };
      });
    },

    probe: () =>
      withinDeadline(deadlineMs, async (signal) => {
        const { status } = await client.checkHealth({}, { signal });
        if (status !== 'SERVING') throw new Error(`cerbos is ${status}`);
      }),

    validForMs: VALID_FOR_MS,
    reads: () => true,
    close: async () => client.close(),
  };
}

function addressOf(url: string): { target: string; tls: boolean } {
  const { protocol, host, pathname } = new URL(url);
  return protocol === 'unix:'
    ? { target: `unix:${decodeURIComponent(pathname)}`, tls: false }
    : { target: host, tls: protocol === 'grpcs:' };
}

async function withinDeadline<T>(deadlineMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call(AbortSignal.timeout(deadlineMs));
    } catch (error) {
      if (tries === TRIES)
        throw new AppError(
          'SERVICE_UNAVAILABLE',
          'Your permissions cannot be checked at the moment. Try again in a moment.',
          {},
          { cause: error },
        );
    }
  }
}

const asCerbosHasIt = ({ id, role, attributes }: Principal) => ({
  id,
  roles: [role],
  attr: attributes as Record<string, string>,
});

/** Attributes with the value null are left out, so that a policy and the SQL of its plan agree. */
const known = (attributes: Attributes) =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null)) as Record<
    string,
    string
  >;

async function checkSome(
  client: GRPC,
  deadlineMs: number,
  principal: Principal,
  questions: readonly Question[],
): Promise<Verdict[]> {
  const { results } = await withinDeadline(deadlineMs, (signal) =>
    client.checkResources(
      {
        principal: asCerbosHasIt(principal),
        resources: questions.map(({ kind, id, attributes, actions }) => ({
          resource: { kind, id, attr: known(attributes) },
          actions: [...actions],
        })),
      },
      { signal },
    ),
  );
  return questions.map(({ kind, id, actions }, i) => {
    const result = results[i];
    const answers = result?.resource.kind === kind && result.resource.id === id;
    const reasons = answers ? result.outputs.map(({ value }) => value) : [];
    return {
      allowed: new Set(answers ? actions.filter((action) => result.isAllowed(action) === true) : []),
      reason: reasons.find((value) => typeof value === 'string') ?? null,
    };
  });
}

type Expression = Extract<Awaited<ReturnType<GRPC['planResources']>>, { condition: unknown }>['condition'];

function operandOf(expression: Expression): Operand {
  if ('operator' in expression)
    return { operator: expression.operator, operands: expression.operands.map(operandOf) };
  return 'name' in expression ? { variable: expression.name } : { value: expression.value };
}
