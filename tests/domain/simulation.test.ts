import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Purchase, standingOf } from '../../src/domain/owed.ts';
import { standingsOf } from '../../src/domain/simulation.ts';

const purchases: fc.Arbitrary<Purchase[]> = fc
  .array(
    fc.record({
      order: fc.constantFrom('a', 'b', 'c', 'd'),
      partnerId: fc.constantFrom('p', 'q'),
      at: fc.nat(5).map((day) => new Date(day)),
      refunded: fc.constantFrom(0n, 5n, 10n),
      out: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((all) => all.map((each, index) => ({ ...each, id: `${index}`, seq: BigInt(index), base: 10n })));

test('the standings of all purchases of a customer are those of each purchase', () => {
  fc.assert(
    fc.property(purchases, (all) => {
      const found = standingsOf(all, all);
      for (const each of all) expect(found.get(each.id)).toEqual(standingOf(each, all));
    }),
  );
});
