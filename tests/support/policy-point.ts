import type { TestProject } from 'vitest/node';
import { startEmbeddedCerbos } from '../../src/adapters/cerbos/embedded-cerbos.ts';
import { POLICIES } from './pdp.ts';

declare module 'vitest' {
  interface ProvidedContext {
    cerbos: string;
  }
}

/** Vitest global setup: one policy service for the whole run, over the real policies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const pdp = await startEmbeddedCerbos(POLICIES, { deadlineMs: 1_000 });
  project.provide('cerbos', pdp.url);
  return () => pdp.close();
}
