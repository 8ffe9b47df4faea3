// Texts for Stripe's requirements, which Stripe names by paths such as `individual.verification.document`.
const WORDS: readonly [RegExp, string][] = [
  [/^external_account/, 'Give Stripe the bank account that receives your payouts.'],
  [/tos_acceptance/, "Accept Stripe's terms of service."],
  [/verification\.(document|additional_document|proof_of_liveness)/, 'Give Stripe an identity document.'],
  [
    /owners|directors|executives|relationship|ownership_declaration/,
    'Name the owners and directors to Stripe.',
  ],
  [/^(individual|representative|person)|^[^.]*person_/, 'Give Stripe your personal details.'],
  [/^(company|business_profile|business_type|settings)/, 'Give Stripe the details of the business.'],
];
const OTHER = "Stripe requires more details. Open Stripe's form to see them.";
const LOOKING = 'Stripe is still reviewing the account. You do not need to do anything.';

export interface Requirements {
  readonly currently_due?: readonly string[] | null;
  readonly past_due?: readonly string[] | null;
  readonly disabled_reason?: string | null;
}

/** Required actions of the account holder, without duplicates; empty: none. */
export function inWords({ currently_due, past_due, disabled_reason }: Requirements): string[] {
  if (disabled_reason?.startsWith('rejected'))
    return ['Stripe rejected this account. Set up another payout method.'];
  const due = [...(past_due ?? []), ...(currently_due ?? [])];
  const said = due.map((field) => WORDS.find(([pattern]) => pattern.test(field))?.[1] ?? OTHER);
  if (!said.length && disabled_reason) said.push(LOOKING);
  return [...new Set(said)];
}
