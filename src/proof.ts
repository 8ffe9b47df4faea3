import type { Context } from './kernel/request/context.ts';
import { auditedTenants, verifyAudit } from './modules/foundation/audit/verify-audit.ts';
import { type Proof, prove } from './modules/proof/proof/prove.ts';

/** Holds all that must always be so against the whole database, the audit log included. It reads as the database's owner,
 *  so that no policy hides a row from it. */
export const proveAll = (ctx: Pick<Context, 'pool' | 'actor' | 'seals'>): AsyncGenerator<Proof> =>
  prove(ctx, [
    {
      name: 'every audit log is as it was written',
      async *faults() {
        for (const tenantId of await auditedTenants(ctx)) {
          const { firstFault: fault } = await verifyAudit(ctx, tenantId);
          if (fault) yield `${tenantId}: ${fault.kind} at ${fault.seq ?? '?'}, entry ${fault.eventId ?? '?'}`;
        }
      },
    },
  ]);
