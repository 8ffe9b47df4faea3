import type { Context } from './kernel/request/context.ts';
import { auditedTenants, verifyAudit } from './modules/foundation/audit/verify-audit.ts';
import { type Proof, prove, type Running } from './modules/proof/proof/prove.ts';

export type { Running };

/** Checks all invariants on the whole database, including the audit log. It reads as the owner of the database, so that
 *  row-level security hides no row. */
export const proveAll = (
  ctx: Pick<Context, 'pool' | 'actor' | 'seals'>,
  report?: (running: Running) => void,
): AsyncGenerator<Proof> =>
  prove(
    ctx,
    [
      {
        name: 'every audit log is unchanged',
        async *faults() {
          for (const tenantId of await auditedTenants(ctx)) {
            const { firstFault: fault } = await verifyAudit(ctx, tenantId);
            if (fault)
              yield `${tenantId}: ${fault.kind} at ${fault.seq ?? '?'}, entry ${fault.eventId ?? '?'}`;
          }
        },
      },
    ],
    report,
  );
