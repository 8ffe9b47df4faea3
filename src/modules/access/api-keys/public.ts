/** What other subjects and areas may import. */
export { looksLikeKey } from './api-key-token.ts';
export { revokeKeysSeenBy } from './manage-api-keys.ts';
