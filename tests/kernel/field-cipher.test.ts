import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { blindIndex, type DataKey, open, type Place, seal } from '../../src/kernel/data/field-cipher.ts';

const aKey = (): DataKey => ({ id: randomUUID(), key: createSecretKey(randomBytes(32)) });
const key = aKey();
const place: Place = { tenantId: 'acme', table: 'payout_accounts', column: 'details', rowId: randomUUID() };
const IBAN = 'DE89370400440532013000';

describe('an encrypted value', () => {
  test('an encrypted value decrypts at its own place, exactly', () => {
    for (const value of [IBAN, '', 'Nöel ☂ 株式会社', 'x'.repeat(10_000)])
      expect(open(key, place, seal(key, place, value))).toBe(value);
  });

  test('an encrypted value is different each time', () => {
    const sealed = new Set(Array.from({ length: 1_000 }, () => seal(key, place, IBAN)));
    expect(sealed.size).toBe(1_000);
  });

  test.each<[string, Partial<Place>]>([
    ['another row', { rowId: randomUUID() }],
    ['another column', { column: 'holder_name' }],
    ['another table', { table: 'tax_ids' }],
    ['another tenant', { tenantId: 'elsewhere' }],
  ])('an encrypted value does not decrypt in %s', (_, other) => {
    expect(() => open(key, { ...place, ...other }, seal(key, place, IBAN))).toThrow('was changed or moved');
  });

  test('an encrypted value does not decrypt with another key, or with the same key under another id', () => {
    const other = aKey();
    const sealed = seal(key, place, IBAN);
    expect(() => open(other, place, sealed)).toThrow('was changed or moved');
    expect(() => open({ ...key, id: other.id }, place, sealed.replace(key.id, other.id))).toThrow();
  });

  test('an encrypted value with a changed bit is refused, and the error names its place and not its content', () => {
    const sealed = Buffer.from(seal(key, place, IBAN));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const text = flipped.toString('latin1');
      const fault = (() => {
        try {
          return open(key, place, text);
        } catch (error) {
          return error as Error;
        }
      })();
      expect(fault, `bit ${bit}`).toBeInstanceOf(Error);
      expect(String(fault)).toContain(`payout_accounts.details, row ${place.rowId}`);
      expect(String(fault)).not.toContain(IBAN);
      expect(String(fault)).not.toContain(text.slice(40));
    }
  });

  test('an encrypted value that is cut, extended or empty is refused', () => {
    const sealed = seal(key, place, IBAN);
    for (const text of [
      sealed.slice(0, -1),
      sealed.slice(0, -4),
      `${sealed}A`,
      `${sealed}=`,
      `${sealed}\n`,
      '',
      'v1',
      IBAN,
    ])
      expect(() => open(key, place, text)).toThrow('was changed or moved');
  });
});

describe('a blind index', () => {
  const root = createSecretKey(randomBytes(32));

  test('a blind index is equal only for the same value and place', () => {
    const token = blindIndex(root, 'acme', 'payout_accounts.fingerprint', IBAN);
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(blindIndex(root, 'acme', 'payout_accounts.fingerprint', IBAN)).toBe(token);
    const others = [
      blindIndex(root, 'elsewhere', 'payout_accounts.fingerprint', IBAN),
      blindIndex(root, 'acme', 'tax_ids.fingerprint', IBAN),
      blindIndex(root, 'acme', 'payout_accounts.fingerprint', `${IBAN} `),
      blindIndex(createSecretKey(randomBytes(32)), 'acme', 'payout_accounts.fingerprint', IBAN),
    ];
    expect(new Set([token, ...others]).size).toBe(5);
  });
});
