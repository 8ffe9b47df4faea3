import { randomUUID } from 'node:crypto';
import { money } from '../../src/domain/money.ts';
import {
  type PayoutInstruction,
  type PayoutRail,
  RailBusy,
  type RailOutcome,
} from '../../src/ports/payout-rail.ts';

export const newKey = (): string => randomUUID().replaceAll('-', '');

export function instructionOf(
  method: PayoutInstruction['method'],
  minor: bigint,
  currency: string,
  details: Record<string, string>,
  more: Partial<PayoutInstruction> = {},
): PayoutInstruction {
  return {
    key: newKey(),
    ...{ payoutId: randomUUID(), tenantId: 'acme', partnerId: randomUUID(), runId: null, method },
    amount: money(minor, currency),
    destination: { accountId: randomUUID(), holderName: 'Nancy Northwind', country: 'IN', currency, details },
    ...{ firstSentAt: new Date(), resent: false, reference: null, metadata: {} },
    ...more,
  };
}

export type Heard = RailOutcome | { status: 'UNKNOWN'; error: unknown };

/** What a sender hears of one call: all that is thrown is unknown. */
export async function hear(call: Promise<RailOutcome | null>): Promise<Heard> {
  try {
    return (await call) ?? { status: 'UNKNOWN', error: new Error('no trace') };
  } catch (error) {
    return { status: 'UNKNOWN', error };
  }
}

/** As the product sends: once, and from then on a lookup before the same key goes out again. */
export async function sendUntilKnown(
  rail: PayoutRail,
  instruction: PayoutInstruction,
  most = 200,
): Promise<{ heard: Heard; calls: number }> {
  let heard: Heard = await hear(rail.send(instruction));
  let calls = 1;
  const again = { ...instruction, resent: true };
  for (; heard.status === 'UNKNOWN' && calls < most; calls++) {
    heard = await hear(rail.lookup(again).then((known) => known ?? rail.send(again)));
  }
  return { heard, calls };
}

export const isBusy = (heard: Heard): boolean =>
  heard.status === 'UNKNOWN' && heard.error instanceof RailBusy;

/** `width` at a time, in order of the list. */
export async function inLanes<T, R>(
  list: readonly T[],
  width: number,
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = list.entries();
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const [index, one] of waiting) results[index] = await work(one);
    }),
  );
  return results;
}
