// What Stripe names by paths such as `individual.verification.document`, as a person would ask for it.
const WORDS: readonly [RegExp, string][] = [
  [/^external_account/, 'Give Stripe the bank account that it is to pay out to.'],
  [/tos_acceptance/, 'Accept the terms of Stripe.'],
  [/verification\.(document|additional_document|proof_of_liveness)/, 'Show Stripe a document of identity.'],
  [
    /owners|directors|executives|relationship|ownership_declaration/,
    'Name the owners and directors to Stripe.',
  ],
  [/^(individual|representative|person)|^[^.]*person_/, 'Give Stripe your personal details.'],
  [/^(company|business_profile|business_type|settings)/, 'Give Stripe the details of the business.'],
];
const OTHER = 'Stripe asks for more: open its form to see what.';
const LOOKING = 'Stripe is still looking at the account: nothing is to be done.';

export interface Requirements {
  readonly currently_due?: readonly string[] | null;
  readonly past_due?: readonly string[] | null;
  readonly disabled_reason?: string | null;
}

/** What the holder of an account is to do, each thing once; empty: nothing. */
export function inWords({ currently_due, past_due, disabled_reason }: Requirements): string[] {
  if (disabled_reason?.startsWith('rejected'))
    return ['Stripe has rejected this account: set up another payout method.'];
  const due = [...(past_due ?? []), ...(currently_due ?? [])];
  const said = due.map((field) => WORDS.find(([pattern]) => pattern.test(field))?.[1] ?? OTHER);
  if (!said.length && disabled_reason) said.push(LOOKING);
  return [...new Set(said)];
}
