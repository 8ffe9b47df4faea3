import { describe, expect, test } from 'vitest';
import { type Round, resultOf, type Side, standsStill } from '../../bench/report.ts';
import type { Scenario } from '../../bench/scenarios.ts';

const scenario: Scenario = {
  ...{ name: 'Q1', title: 'one partner', connections: 16, mark: 0.7, goal: 0.95, cpuMark: 1.8 },
  ...{ path: '/Q1', query: '{ __typename }', variables: () => [{}] },
};
const side = (perSecond: number, cpu: number): Side => ({ perSecond, cpu, p50: 1, p99: 2, postgres: null });
const round = (ratio: number, cpu: number): Round => ({
  raw: side(1_000, 100),
  product: side(1_000 * ratio, 100 * cpu),
});

describe('the report of the benchmark', () => {
  test('names no mark that is reached', () => {
    expect(resultOf(scenario, [round(0.7, 1.8)], true).missed).toEqual([]);
  });

  test('names a ratio below its mark and a CPU above its mark', () => {
    expect(resultOf(scenario, [round(0.69, 1.9)], true).missed).toEqual([
      'Q1 runs at 0.69 of raw; the mark is 0.70.',
      'Q1 uses 1.9 times the CPU of raw; the mark is 1.8.',
    ]);
  });

  test('judges the median of the rounds, and shows the lowest and the highest ratio', () => {
    const { missed, cells } = resultOf(scenario, [round(0.2, 1), round(0.9, 1), round(1.1, 1)], false);
    expect(missed).toEqual([]);
    expect(cells).toContain('0.20-1.10');
    expect(cells).toContain('not still');
  });
});

describe('a warm-up', () => {
  const rounds = (...cpus: number[]) => cpus.map((cpu) => side(1, cpu));

  test('goes on until three rounds in a row differ by at most 3 %', () => {
    expect(standsStill(rounds(100, 100))).toBe(false);
    expect(standsStill(rounds(100, 104, 100))).toBe(false);
    expect(standsStill(rounds(200, 100, 103, 101))).toBe(true);
  });
});
