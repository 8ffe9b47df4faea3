import type { PayoutRail } from '../../src/ports/payout-rail.ts';
import type { RailSimulator } from '../support/rail-faults.ts';
import { simulatedRail, startSimulator } from '../support/rail-simulator.ts';

/** A vendor and what speaks to it. */
export interface Pair {
  readonly simulator: RailSimulator;
  readonly rail: PayoutRail;
}

/** Every rail that a campaign is run over; one more is one line. */
export const rails: Record<string, () => Promise<Pair>> = {
  async generic() {
    const simulator = await startSimulator();
    return { simulator, rail: simulatedRail(simulator.url) };
  },
};
