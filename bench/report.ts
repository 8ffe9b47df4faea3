import { quantile } from './quantile.ts';
import type { Scenario } from './scenarios.ts';

export interface Side {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** CPU of the server's process, in microseconds per request. */
  readonly cpu: number;
  /** CPU of PostgreSQL, in microseconds per request. Null if it is unknown. */
  readonly postgres: number | null;
}

/** A pair of consecutive rounds: one of raw, one of the product. */
export interface Round {
  readonly raw: Side;
  readonly product: Side;
}

export interface Result {
  /** One sentence for each mark that is missed. */
  readonly missed: readonly string[];
  readonly cells: readonly string[];
}

/** A promise and the figures that were measured. */
export interface Kept {
  readonly promised: string;
  readonly measured: string;
  readonly isKept: boolean;
}

const STEADY = 3;
const STILL = 0.03;

/** True if the CPU for a request differed little in the last rounds of a server. It shows whether a server is warm; requests a
 *  second also show what else the machine does. */
export function standsStill(rounds: readonly Side[]): boolean {
  const figures = rounds.slice(-STEADY).map(({ cpu }) => cpu);
  return figures.length === STEADY && Math.max(...figures) <= Math.min(...figures) * (1 + STILL);
}

/** `still` is false if the figures still moved when the warm-up ended. */
export function resultOf(scenario: Scenario, rounds: readonly Round[], still: boolean): Result {
  const of = (side: 'raw' | 'product', figure: keyof Side) =>
    quantile(
      rounds.map((round) => round[side][figure] ?? Number.NaN),
      0.5,
    );
  const ratios = rounds.map(({ raw, product }) => product.perSecond / raw.perSecond);
  const ratio = quantile(ratios, 0.5);
  const cpu = quantile(
    rounds.map(({ raw, product }) => product.cpu / raw.cpu),
    0.5,
  );
  const { name, title, mark, goal, cpuMark } = scenario;
  const slow = ratio < mark;
  const costly = cpu > cpuMark;
  const side = (which: 'raw' | 'product') => [
    of(which, 'perSecond').toFixed(0),
    of(which, 'p50').toFixed(2),
    of(which, 'p99').toFixed(2),
    ...[of(which, 'cpu'), of(which, 'postgres')].map((us) =>
      Number.isNaN(us) ? '-' : (us / 1_000).toFixed(2),
    ),
  ];
  return {
    missed: [
      ...(slow ? [`${name} runs at ${ratio.toFixed(2)} of raw; the mark is ${mark.toFixed(2)}.`] : []),
      ...(costly
        ? [`${name} uses ${cpu.toFixed(1)} times the CPU of raw; the mark is ${cpuMark.toFixed(1)}.`]
        : []),
    ],
    cells: [
      ...[name, title, ...side('raw'), ...side('product'), ratio.toFixed(2)],
      `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
      `${mark.toFixed(2)}/${goal.toFixed(2)}`,
      slow ? 'BELOW' : ratio >= goal ? 'goal' : 'ok',
      ...[`${cpu.toFixed(1)}x`, `${cpuMark.toFixed(1)}x`, costly ? 'ABOVE' : 'ok', still ? '' : 'not still'],
    ],
  };
}

const SIDE = ['p50', 'p99', 'CPU', 'PG CPU'];
const HEAD = [
  ...['', '', 'raw/s', ...SIDE, 'ours/s', ...SIDE],
  ...['ratio', 'min-max', 'mark/goal', '', 'CPU', 'most', '', ''],
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
