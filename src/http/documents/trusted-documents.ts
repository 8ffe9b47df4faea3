import { GraphQLError } from 'graphql';
import manifest from '../../documents/manifest.json' with { type: 'json' };
import { sha256 } from '../../documents/read-documents.ts';
import type { Actor } from '../../kernel/request/actor.ts';

/** off: no hashes. prefer: a caller may send a hash. only: a caller must send a known document; API keys are exempt. */
export const TrustMode = { off: 'off', prefer: 'prefer', only: 'only' } as const;
export type TrustMode = (typeof TrustMode)[keyof typeof TrustMode];

/** The request: `query`, or the hash of a document in `documentId` or in Apollo's `persistedQuery` extension. */
export interface Asked {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
  readonly operationName?: unknown;
}

const texts = new Map(Object.entries(manifest));

/** Returns the document text of a request; null if it has none. */
export function textOf(
  mode: TrustMode,
  asked: Asked,
  { credential }: Pick<Actor, 'credential'>,
): string | GraphQLError | null {
  const query = typeof asked.query === 'string' && asked.query !== '' ? asked.query : null;
  const hash = hashOf(asked);
  if (hash === null) {
    if (query === null) return typeof asked.query === 'string' ? asked.query : null;
    if (mode !== 'only' || credential === 'API_KEY' || texts.has(sha256(query))) return query;
    return refusal('BAD_USER_INPUT', 'only documents of this server are run: send the id of one', {
      field: 'query',
      reason: 'TRUSTED_DOCUMENTS_ONLY',
    });
  }
  if (mode === 'off') return query ?? refusal('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
  if (query !== null) {
    if (sha256(query) !== hash)
      return refusal('BAD_USER_INPUT', 'the hash is not that of the query', { field: 'query' });
    return textOf(mode, { query }, { credential }); // the text is included, so it need not be registered
  }
  return texts.get(hash) ?? refusal('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
}

function hashOf({ documentId, extensions }: Asked): string | null {
  const persisted = (extensions as { persistedQuery?: { sha256Hash?: unknown } } | null | undefined)
    ?.persistedQuery;
  const given = documentId ?? persisted?.sha256Hash ?? null;
  return given === null ? null : String(given).replace(/^sha256:/, '');
}

/** True if a request names a document, with or without its text. */
export const namesDocument = (asked: Asked): boolean => hashOf(asked) !== null;

const refusal = (code: string, message: string, more: object = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { code, ...more } });
