import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expiryOf, insideWindow, sourceOf } from '../../src/domain/referral.ts';

describe('the window of a click', () => {
  const click = new Date('2026-03-01T12:00:00.000Z');
  const end = expiryOf(click, 30);

  test('is so many times 24 hours, whatever the calendar does', () => {
    expect(end.toISOString()).toBe('2026-03-31T12:00:00.000Z');
    expect(expiryOf(new Date('2026-12-31T23:59:59.999Z'), 1).toISOString()).toBe('2027-01-01T23:59:59.999Z');
  });

  test.each([
    ['its own moment', 0, true],
    ['a moment before its end', 30 * 86_400_000 - 1, true],
    ['its end', 30 * 86_400_000, false],
    ['a moment before the click', -1, false],
  ])('%s: %s', (_, after, inside) => {
    expect(insideWindow(click, end, new Date(click.getTime() + after))).toBe(inside);
  });

  test('holds exactly the moments from the click to before its end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 365 }), fc.integer({ min: -1e9, max: 4e10 }), (days, after) => {
        const inside = insideWindow(click, expiryOf(click, days), new Date(click.getTime() + after));
        expect(inside).toBe(after >= 0 && after < days * 86_400_000);
      }),
    );
  });
});

describe('a visitor comes from', () => {
  const url = (text: string | null) => (text === null ? null : new URL(text));

  test.each([
    ['the campaign of the link', 'https://f.com/?utm_source=News', 'https://blog.acme.com/x', 'news'],
    ['its older name', 'https://f.com/?source=mail', null, 'mail'],
    ['utm_source before source', 'https://f.com/?source=a&utm_source=b', null, 'b'],
    ['the referring host', 'https://f.com/', 'https://www.acme.com/partners?utm_source=no', 'acme.com'],
    [
      'the referring host, where the campaign is blank',
      'https://f.com/?utm_source=%20',
      'https://acme.com',
      'acme.com',
    ],
    ['nowhere', 'https://f.com/pricing', null, 'direct'],
    ['nowhere, without any address', null, null, 'direct'],
  ])('%s', (_, landing, referrer, source) => expect(sourceOf(url(landing), url(referrer))).toBe(source));

  test('a source of at most 64 characters', () => {
    expect(sourceOf(url(`https://f.com/?utm_source=${'x'.repeat(200)}`), null)).toBe('x'.repeat(64));
  });

  test.each([
    ['NUL', 'a\0b'],
    ['nothing but NUL', '\0'],
    ['a letter of two halves at the cut', `${'x'.repeat(63)}😀`],
  ])('a source that a database can keep, where the link has %s', (_, campaign) => {
    const source = sourceOf(url(`https://f.com/?utm_source=${encodeURIComponent(campaign)}`), null);
    expect(source).not.toContain('\0');
    expect(source.isWellFormed()).toBe(true);
    expect(source).not.toBe('');
  });
});
