import { expect, test } from 'vitest';
import { escapeUnstorable, isStorable, withStorableTexts } from '../../src/domain/storable.ts';

test.each([
  ['a', true],
  ['', true],
  ['Zoë 株 \u{1f600}', true],
  ['a\0', false],
  ['\ud83d', false],
  ['\ude00\ud83d', false],
])('%j can be stored: %s', (text, storable) => {
  expect(isStorable(text)).toBe(storable);
  expect(isStorable(escapeUnstorable(text))).toBe(true);
  if (storable) expect(escapeUnstorable(text)).toBe(text);
});

test('what cannot be stored is written as in JSON', () => {
  expect(escapeUnstorable('a\0b\ud83d\u{1f600}')).toBe('a\\u0000b\\ud83d\u{1f600}');
  expect(withStorableTexts({ status: 'REFUSED', reason: 'no\0', passing: true, code: null })).toEqual({
    ...{ status: 'REFUSED', reason: 'no\\u0000', passing: true, code: null },
  });
});
