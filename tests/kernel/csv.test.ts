import { expect, test } from 'vitest';
import { readCsv, writeCsv } from '../../src/kernel/data/csv.ts';

test.each([
  ['text', 'text'],
  ['', ''],
  ['a,b', '"a,b"'],
  ['a "b"', '"a ""b"""'],
  ['a\nb', '"a\nb"'],
  ['=1+1', "'=1+1"],
  [' =1+1', "' =1+1"],
  ['\t1', "'\t1"],
  ['-1,2', '"\'-1,2"'],
  ['＝1+1', "'＝1+1"],
  ['＋1', "'＋1"],
  ['－1', "'－1"],
  ['＠A1', "'＠A1"],
  ['﹦1', "'﹦1"],
  ['−1', "'−1"],
  ['\u00a0=1', "'\u00a0=1"],
  ['\r=1', '"\'\r\'=1"'],
  ['\n=1', '"\'\n\'=1"'],
  [';=1', "';'=1"],
  ['; =1', "'; '=1"],
  ['a;=1', "a;'=1"],
  ['a; @b;c', "a; '@b;c"],
  ['a\t+1', "a\t'+1"],
  ['a\n-1', '"a\n\'-1"'],
  ['a;b', 'a;b'],
  ['a=1', 'a=1'],
  ['a, -1', '"a, -1"'],
  ['jane@x.example', 'jane@x.example'],
])('the cell %j is written as %j', async (cell, written) => {
  expect(await writeCsv([['A', cell, 'Z']])).toBe(`\uFEFFA,${written},Z\r\n`);
});

test('rows beyond one chunk are written in order', async () => {
  const rows = Array.from({ length: 2_500 }, (_, nth) => [`${nth}`, 'x']);
  expect(readCsv(await writeCsv(rows), 'csv')).toEqual(rows);
});

test('reads quoted cells, and names the line of a quotation mark in the wrong place', () => {
  expect(readCsv('\uFEFFa, b\r\n"c, ""d""",e\n\n', 'csv')).toEqual([
    ['a', 'b'],
    ['c, "d"', 'e'],
  ]);
  expect(() => readCsv('a,b\nc"d,e', 'csv')).toThrow('csv: line 2: has a quotation mark in the wrong place');
});
