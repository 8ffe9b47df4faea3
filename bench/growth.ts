import { authenticator } from '../src/http/admission/authenticate.ts';
import { load, TENANT } from './data.ts';
import { quantile } from './quantile.ts';
import { newDatabase, portOf, type Start, serverEnv } from './servers.ts';

const ROUNDS = 9;
const DAY_MS = 86_400_000;

const commissions = (filter: string, asked = 'edges { node { id status } }') =>
  `{ commissions(filter: { ${filter} }) { ${asked} } }`;
const period = (from: number, to: number) => {
  const day = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString();
  return `from: "${day(from)}", to: "${day(to)}"`;
};
/** Lists and counts whose rows are old, few or missing: without an index they take longer with every commission. */
const QUESTIONS: Readonly<Record<string, string>> = {
  'status PAID': commissions('status: PAID'),
  'status ALLOCATED': commissions('status: ALLOCATED'),
  'status REVERSED (none there)': commissions('status: REVERSED'),
  'a currency that is not there': commissions('currency: "CHF"'),
  'a period without commissions': commissions(period(2_000, 1_900)),
  'the oldest month': commissions(period(90, 60)),
  'referrals CLICKED (none there)': '{ referrals(filter: { status: CLICKED }) { edges { node { id } } } }',
  'count of all': commissions('', 'totalCount'),
  'count of PENDING': commissions('status: PENDING', 'totalCount'),
  'count of PAID': commissions('status: PAID', 'totalCount'),
};

/** Asks the product the same questions at each number of commissions. Returns the milliseconds of each answer, the median of
 *  several rounds. */
export async function measureGrowth(
  url: string,
  folder: string,
  sizes: readonly number[],
  start: Start,
  say: (sentence: string) => void,
): Promise<Map<string, number[]>> {
  const times = new Map(Object.keys(QUESTIONS).map((name) => [name, [] as number[]]));
  for (const size of sizes) {
    const own = await newDatabase(url, `growth_${size}`);
    await load(own, { partners: 1_000, customers: Math.max(1_000, size / 5), commissions: size });
    const env = serverEnv(own, folder);
    const server = start('product-server.js', env);
    const port = await portOf(server, folder, 'product-server.js');
    const token = await authenticator(env.JWT_SECRET).sign(
      { user: 'bench', role: 'PROGRAM_MANAGER', tenantId: TENANT },
      '1 day',
    );
    for (const [name, query] of Object.entries(QUESTIONS)) {
      const rounds: number[] = [];
      for (let round = 0; round <= ROUNDS; round++) rounds.push(await answerTime(port, token, query));
      times.get(name)?.push(quantile(rounds.slice(1), 0.5)); // the first round reads from the disk
    }
    await server.stop();
    say(`${size} commissions measured.`);
  }
  return times;
}

async function answerTime(port: number, token: string, query: string): Promise<number> {
  const started = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  });
  const { errors } = (await response.json()) as { errors?: readonly { message: string }[] };
  if (errors) throw new Error(`${query}: ${errors[0]?.message}`);
  return performance.now() - started;
}
