import { describe, expect, test } from 'vitest';
import { type Actor, actorOf, anonymous, system } from '../../src/kernel/request/actor.ts';
import { requireFreshSignIn } from '../../src/kernel/request/permission.ts';

const minutesAgo = (minutes: number) => Date.now() - minutes * 60_000;
const person = (credential: Actor['credential'], signedInAt: number | null) =>
  actorOf({ id: 'olivia', role: 'FINANCE', tenantId: 'acme', credential, signedInAt });

describe('actions that need a fresh sign-in', () => {
  test.each(['TOKEN', 'OIDC'] as const)('allows a caller with a fresh sign-in by %s', (credential) => {
    for (const minutes of [0, 1, 14.9])
      expect(() => requireFreshSignIn(person(credential, minutesAgo(minutes)))).not.toThrow();
  });

  test.each<[string, Actor]>([
    ['who signed in 16 minutes ago', person('OIDC', minutesAgo(16))],
    ['who cannot say when it signed in', person('OIDC', null)],
    ['an API key, which nobody signs in with', person('API_KEY', minutesAgo(0))],
    ['a job', system],
  ])('asks %s to sign in again', (_, actor) => {
    expect(() => requireFreshSignIn(actor)).toThrow(
      expect.objectContaining({
        code: 'FORBIDDEN',
        details: { reason: 'STEP_UP_REQUIRED' },
        message: expect.stringMatching(/Sign in/),
      }),
    );
  });

  test('requires a credential first', () => {
    expect(() => requireFreshSignIn(anonymous)).toThrow(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
  });
});
