import type { Scenario } from './scenarios.ts';

export interface Side {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU of the server's process, in microseconds per request. */
  readonly cpu: number;
}

/** A pair of consecutive rounds: one of raw, one of the product. */
export interface Round {
  readonly raw: Side;
  readonly product: Side;
}

export interface Result {
  readonly scenario: Scenario;
  readonly ratio: number;
  readonly cpu: number;
  readonly below: boolean;
  readonly cells: readonly string[];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

export function resultOf(scenario: Scenario, rounds: readonly Round[]): Result {
  const of = (side: 'raw' | 'product', figure: keyof Side) =>
    median(rounds.map((round) => round[side][figure]));
  const ratio = median(rounds.map(({ raw, product }) => product.perSecond / raw.perSecond));
  const cpu = median(rounds.map(({ raw, product }) => product.cpu / raw.cpu));
  const slow = ratio < scenario.mark;
  const costly = cpu > scenario.cpuMark;
  const side = (which: 'raw' | 'product') => [
    of(which, 'perSecond').toFixed(0),
    of(which, 'p50').toFixed(2),
    of(which, 'p99').toFixed(2),
  ];
  const cells = [
    scenario.name,
    scenario.title,
    ...side('raw'),
    ...side('product'),
    ratio.toFixed(2),
    `${scenario.mark.toFixed(2)}/${scenario.goal.toFixed(2)}`,
    slow ? 'below' : ratio >= scenario.goal ? 'goal' : 'ok',
    `${(of('raw', 'cpu') / 1_000).toFixed(2)}`,
    `${(of('product', 'cpu') / 1_000).toFixed(2)}`,
    `${cpu.toFixed(1)}x`,
    `${scenario.cpuMark.toFixed(1)}x`,
    costly ? 'above' : 'ok',
  ];
  return { scenario, ratio, cpu, below: slow || costly, cells };
}

const HEAD = [
  ...['', '', 'raw/s', 'p50', 'p99', 'ours/s', 'p50', 'p99', 'ratio', 'mark/goal', ''],
  ...['raw CPU', 'ours', 'CPU', 'most', ''],
];

export function table(results: readonly Result[]): string {
  const rows = [HEAD, ...results.map(({ cells }) => cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
