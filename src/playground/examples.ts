const texts = import.meta.glob<string>(['./examples/*', '../documents/*.graphql'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The tabs of a first visit: the operations of each subject, with their variables. */
export const examples = [
  'welcome',
  'partners',
  'commissions',
  'referrals',
  'payouts',
  'access',
  'privacy',
  'metrics',
].map((subject) => ({
  query: texts[`../documents/${subject}.graphql`] ?? texts[`./examples/${subject}.graphql`] ?? null,
  variables: texts[`./examples/${subject}.jsonc`] ?? null,
}));
