/** What other subjects and areas may import. */
export { type SimulatedTerms, simulatedTerms } from './simulated-terms.ts';
