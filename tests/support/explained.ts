import { divide, formatMinor, RoundingMode } from '../../src/domain/money.ts';

/** An amount of a sentence, in minor units. */
interface Amount {
  readonly minor: bigint;
  readonly digits: number;
  readonly currency: string;
}

const AMOUNT = String.raw`-?\d+(?:\.\d+)? [A-Z]{3}`;
const PERCENT = String.raw`\d+(?:\.\d+)? %`;
const pattern = (text: string): RegExp =>
  new RegExp(text.replaceAll('AMOUNT', `(${AMOUNT})`).replaceAll('PERCENT', `(${PERCENT})`), 's');

const CHANGE = pattern(
  String.raw`^AMOUNT: this sale earned AMOUNT and now earns AMOUNT, because .*?\.(?: Other commissions of this sale changed by AMOUNT at the same time\.)? (?=${AMOUNT}(?:,| is ))(.*)$`,
);
const NOTHING_LEFT = pattern('^AMOUNT, because nothing is left of the sale of AMOUNT\\.');
const OVER_LIMIT = pattern(
  "^AMOUNT, by .*?: (?:the rule pays only for a first purchase|the rule's limit of months or purchases is exceeded)\\.",
);
const CAP = pattern(', cut to the rest of the cap of AMOUNT, of which AMOUNT was used before');
const BANDS = pattern('^AMOUNT is AMOUNT for AMOUNT less AMOUNT for AMOUNT, at (.*?)(?=, cut to |, by )');
const BAND = pattern('PERCENT from AMOUNT');
const REACHED = pattern('^PERCENT, the rate of the band from AMOUNT, which the period reached with AMOUNT$');
const SHARE = pattern('^AMOUNT is PERCENT of AMOUNT');
const UNITS = pattern('^AMOUNT is (?:AMOUNT of )?(\\d+) x AMOUNT(?:, for AMOUNT of AMOUNT)?');
const REFUND = pattern(' less AMOUNT for the refund of AMOUNT of AMOUNT');
const ALL_OR_NOTHING = ', because a refund in part takes nothing';
const WORTH = pattern(
  String.raw`The sale of AMOUNT is worth AMOUNT(, as its part of the whole order,)? at (\d+(?:\.\d+)?) ([A-Z]{3}) for one ([A-Z]{3}), the rate of`,
);
const REFUND_WORTH = pattern('The refund of AMOUNT is AMOUNT of that\\.');
const PART = /The sale is shared: (\d+(?:\.\d+)?) of (\d+(?:\.\d+)?) [A-Z]{3}/;
const NOT_COMPUTED = /^The commission on .* is not computed yet/;
const CANNOT_SEND = pattern('^The payment rail cannot send AMOUNT of this payout');
const STAYED = pattern('^AMOUNT stayed on the balance');

function amountOf(text: string | undefined): Amount {
  const [figure = '', currency = ''] = (text ?? '').split(' ');
  const [, fraction = ''] = figure.split('.');
  return { minor: BigInt(figure.replace('.', '')), digits: fraction.length, currency };
}

const bpsOf = (text: string | undefined): bigint => {
  const [whole = '', fraction = ''] = (text ?? '').replace(' %', '').split('.');
  return BigInt(whole + fraction.padEnd(2, '0'));
};

type Divide = (numerator: bigint, denominator: bigint) => bigint;

class Contradiction extends Error {}

const equal = (what: string, stated: bigint, computed: bigint): bigint => {
  if (stated !== computed) throw new Contradiction(`${what} is stated as ${stated}, but its figures give ${computed}`);
  return stated;
};

/** Recomputes the amount that a sentence states from the sentence's own figures, under one rounding mode. */
function amountBy(sentence: string, round: Divide): Amount {
  const changed = CHANGE.exec(sentence);
  if (!changed) return earnedBy(sentence, round);
  const [, minor, from, to, beside, rest = ''] = changed;
  const stated = amountOf(minor);
  const [before, now] = [amountOf(from).minor, amountOf(to).minor];
  equal('the change', stated.minor, now - before - (beside ? amountOf(beside).minor : 0n));
  equal('the new amount', now, earnedBy(rest, round).minor);
  return stated;
}

function earnedBy(sentence: string, round: Divide): Amount {
  const nothing = NOTHING_LEFT.exec(sentence) ?? OVER_LIMIT.exec(sentence);
  if (nothing) {
    const stated = amountOf(nothing[1]);
    equal('nothing', stated.minor, 0n);
    return stated;
  }
  const { stated, gross } = grossBy(sentence, round);
  const cap = CAP.exec(sentence);
  const room = cap ? amountOf(cap[1]).minor - amountOf(cap[2]).minor : null;
  const left = room !== null && room < 0n ? 0n : room;
  equal('the amount', stated.minor, left !== null && left < gross ? left : gross);
  return stated;
}

function grossBy(sentence: string, round: Divide): { stated: Amount; gross: bigint } {
  const bands = BANDS.exec(sentence);
  if (bands) {
    const [, stated, sumAfter, after, sumBefore, before, how = ''] = bands;
    const at = sumsBy(how, round);
    const gross =
      equal('the sum with the sale', amountOf(sumAfter).minor, at(amountOf(after).minor)) -
      equal('the sum without the sale', amountOf(sumBefore).minor, at(amountOf(before).minor));
    return { stated: amountOf(stated), gross };
  }
  const share = SHARE.exec(sentence);
  const units = UNITS.exec(sentence);
  let whole: bigint;
  if (share) whole = round(amountOf(share[3]).minor * bpsOf(share[2]), 10_000n);
  else if (units) whole = unitsBy(units);
  else throw new Contradiction('the sentence has no form that is known');
  const stated = amountOf((share ?? units)?.[1]);
  const refund = REFUND.exec(sentence);
  if (!refund || sentence.includes(ALL_OR_NOTHING)) return { stated, gross: whole };
  const [, taken, part, base] = refund.map((text, index) => (index === 0 ? null : amountOf(text)));
  const due = round(whole * (part?.minor ?? 0n), base?.minor ?? 1n);
  return { stated, gross: whole - equal('the refund', taken?.minor ?? 0n, due) };
}

/** An amount per unit, or its part of an amount that is split exactly: less than one minor unit beside its share. */
function unitsBy([, stated, part, quantity, perUnit, given, all]: RegExpExecArray): bigint {
  const whole = BigInt(quantity ?? 0) * amountOf(perUnit).minor;
  if (part === undefined) return whole;
  if (given === undefined || all === undefined) throw new Contradiction(`${stated} is a part of nothing`);
  const own = amountOf(part).minor;
  const off = own * amountOf(all).minor - whole * amountOf(given).minor;
  if ((off < 0n ? -off : off) >= amountOf(all).minor) throw new Contradiction(`${part} is not the share of ${given} of ${all}`);
  return own;
}

function sumsBy(how: string, round: Divide): (revenue: bigint) => bigint {
  const reached = REACHED.exec(how);
  if (reached) {
    if (amountOf(reached[3]).minor < amountOf(reached[2]).minor) throw new Contradiction('the period did not reach its band');
    return (revenue) => round(revenue * bpsOf(reached[1]), 10_000n);
  }
  const bands = how.split(', ').map((text) => {
    const [, rate, from] = BAND.exec(text) ?? [];
    return { bps: bpsOf(rate), from: amountOf(from).minor };
  });
  return (revenue) =>
    round(
      bands.reduce((sum, { bps, from }, index) => {
        const until = bands[index + 1]?.from;
        const top = until === undefined || revenue < until ? revenue : until;
        return top > from ? sum + (top - from) * bps : sum;
      }, 0n),
      10_000n,
    );
}

/** Checks the sale, its exchange rate and the partner's share, where the sentence names them. */
function checkSale(sentence: string, round: Divide): void {
  const worth = WORTH.exec(sentence);
  if (worth) {
    const [, sale, value, isPart, rate = '', quote, base] = worth;
    const [sold, in_] = [amountOf(sale), amountOf(value)];
    const [whole = '', fraction = ''] = rate.split('.');
    const [top, bottom] = [BigInt(whole + fraction), 10n ** BigInt(fraction.length)];
    const [up, down] = quote === in_.currency && base === sold.currency ? [top, bottom] : [bottom, top];
    const due = round(sold.minor * up * 10n ** BigInt(in_.digits), down * 10n ** BigInt(sold.digits));
    const off = in_.minor - due;
    if (isPart ? off < -1n || off > 1n : off !== 0n) throw new Contradiction(`${sale} is not ${value} at ${rate}`);
    const refund = REFUND_WORTH.exec(sentence);
    if (refund) {
      const [part, of] = [amountOf(refund[1]), amountOf(refund[2])];
      const apart = of.minor * sold.minor - in_.minor * part.minor;
      if ((apart < 0n ? -apart : apart) > sold.minor) throw new Contradiction(`${refund[1]} is not ${refund[2]} of ${value}`);
    }
  }
  const part = PART.exec(sentence);
  if (part && Number(part[1]) > Number(part[2])) throw new Contradiction('a share is more than its sale');
}

/** Parses the sentence of an explanation and recomputes the amount from the sentence's own figures. Returns the amount as text;
 *  null for a commission that is not computed yet. Throws when the figures do not give the amount. */
export function recomputeSentence(sentence: string): string | null {
  if (NOT_COMPUTED.test(sentence)) return null;
  const text = ({ minor, digits }: Amount): string => formatMinor(minor, digits);
  const carried = CANNOT_SEND.exec(sentence);
  if (carried) return `-${text(amountOf(carried[1]))}`;
  const stayed = STAYED.exec(sentence);
  if (stayed) return text(amountOf(stayed[1]));
  const reasons: string[] = [];
  for (const mode of Object.values(RoundingMode)) {
    const round: Divide = (numerator, denominator) => divide(numerator, denominator, mode);
    try {
      const amount = amountBy(sentence, round);
      checkSale(sentence, round);
      return text(amount);
    } catch (error) {
      if (!(error instanceof Contradiction)) throw error;
      reasons.push(error.message);
    }
  }
  throw new Error(`A sentence contradicts itself: ${sentence}\n${reasons[0]}`);
}

interface Step {
  readonly label: string;
  readonly amount: { readonly amount: string } | null;
}
const EARNS = new Set(['Commission', 'Refund', 'With this sale', 'Without this sale', 'Cap']);
const CHANGES = new Set(['Earns now', 'Earned before', 'Other commissions']);

/** Recomputes the total of a list of steps from the other steps. Throws when they differ. */
export function checkSteps(steps: readonly Step[]): void {
  const digits = steps.reduce((most, { amount }) => Math.max(most, amount?.amount.split('.')[1]?.length ?? 0), 0);
  const minorOf = ({ amount }: Step) =>
    amount === null ? 0n : BigInt(amount.amount.replace('.', '').padEnd(1, '0'));
  const sumOf = (labels: ReadonlySet<string>) =>
    steps.reduce((sum, step) => (labels.has(step.label) ? sum + minorOf(step) : sum), 0n);
  const total = steps.at(-1);
  if (total?.label !== 'Total') return;
  const now = steps.find(({ label }) => label === 'Earns now');
  const text = `${formatMinor(minorOf(total), digits)} of the steps ${JSON.stringify(steps)}`;
  if (now && minorOf(now) !== sumOf(EARNS)) throw new Error(`The steps do not give what the sale earns now: ${text}`);
  if (steps.length > 1 && minorOf(total) !== sumOf(now ? CHANGES : EARNS)) throw new Error(`The steps do not give the total: ${text}`);
}

/** Checks every explanation in an answer of the graph, and that it explains the amount beside it. Returns their number. */
export function checkExplanations(data: unknown): number {
  if (Array.isArray(data)) return data.reduce((count: number, each) => count + checkExplanations(each), 0);
  if (data === null || typeof data !== 'object') return 0;
  let count = 0;
  for (const [key, value] of Object.entries(data)) {
    count += checkExplanations(value);
    if (key !== 'explanation' || value === null || typeof value !== 'object') continue;
    const { sentence, steps } = value as { sentence?: string; steps?: Partial<Step>[] };
    if (sentence !== undefined) {
      const amount = recomputeSentence(sentence);
      const beside = (data as { amount?: { amount?: string } }).amount?.amount;
      if (amount !== null && beside !== undefined && beside !== amount)
        throw new Error(`A sentence explains ${amount}, but the commission is ${beside}: ${sentence}`);
      count++;
    }
    if (steps?.every((step) => step.label !== undefined && step.amount !== undefined)) checkSteps(steps as Step[]);
  }
  return count;
}
