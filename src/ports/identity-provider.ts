/** Claims of an identity provider about the holder of a token. */
export interface Identity {
  readonly subject: string;
  /** The provider's id of the person's organisation; null when the provider gives none. */
  readonly organisation: string | null;
  /** The roles granted in that organisation only. */
  readonly roles: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Time of the person's last sign-in, in milliseconds since 1970; null when the provider gives none. */
  readonly signedInAt: number | null;
}

export interface IdentityProvider {
  readonly issuer: string;
  /** Returns the holder of a token. LATELY: by the provider's signature, or by an answer of the last minute. NOW: by asking
   *  the provider, which also detects a logout. Throws UNAUTHENTICATED for an invalid token, and SERVICE_UNAVAILABLE when
   *  the provider does not answer. */
  identityOf(token: string, when: 'LATELY' | 'NOW'): Promise<Identity>;
}
