/** What an identity provider says of the holder of a token. */
export interface Identity {
  readonly subject: string;
  /** The organisation that the person belongs to, by the provider's id; null where the provider does not say. */
  readonly organisation: string | null;
  /** The roles granted in that organisation, and in no other. */
  readonly roles: readonly string[];
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
  /** When the person last proved who it is, in milliseconds since 1970; null where the provider does not say. */
  readonly signedInAt: number | null;
}

export interface IdentityProvider {
  readonly issuer: string;
  /** The holder of a token. LATELY: by the provider's signature, or by its word of the last minute. NOW: by its word of
   *  now, which also knows of a logout. UNAUTHENTICATED: it does not count; SERVICE_UNAVAILABLE: that cannot be told. */
  identityOf(token: string, when: 'LATELY' | 'NOW'): Promise<Identity>;
}
