const texts = import.meta.glob<string>(['./examples/*', '../documents/*.graphql'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
const to = dayOf(new Date());
const from = dayOf(new Date(Date.now() - 365 * 24 * 60 * 60 * 1_000));
const month = `${to.slice(0, 8)}01`;

/** The variables of questions about the last year. */
const ofLastYear: Record<string, object> = {
  'program-in-figures': { period: { from, to } },
  'revenue-by-month': { period: { from, to }, interval: 'MONTH' },
  'best-partners': { period: { from, to }, by: 'REVENUE' },
  'from-click-to-sale': { from, to, by: 'SOURCE' },
  'other-attribution': { input: { from: month, to, model: 'LINEAR' } },
  'cost-of-other-terms': { simulated: { from: dayOf(new Date(`${from.slice(0, 8)}01`)), to, flatRate: 12 } },
};

/** The tabs of a first visit: questions of analysts, then the operations of each subject, with their variables. */
export const examples = [
  'welcome',
  ...Object.keys(ofLastYear),
  'partners',
  'commissions',
  'referrals',
  'payouts',
  'access',
  'privacy',
  'metrics',
].map((subject) => ({
  query: texts[`../documents/${subject}.graphql`] ?? texts[`./examples/${subject}.graphql`] ?? null,
  variables: ofLastYear[subject]
    ? JSON.stringify(ofLastYear[subject], null, 2)
    : (texts[`./examples/${subject}.jsonc`] ?? null),
}));
