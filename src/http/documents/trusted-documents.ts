import { GraphQLError } from 'graphql';
import manifest from '../../documents/manifest.json' with { type: 'json' };
import { sha256 } from '../../documents/read-documents.ts';
import type { Actor } from '../../kernel/request/actor.ts';

/** off: nobody names a document by its hash. prefer: everybody may. only: and nobody sends another, but for API keys. */
export const TrustMode = { off: 'off', prefer: 'prefer', only: 'only' } as const;
export type TrustMode = (typeof TrustMode)[keyof typeof TrustMode];

/** A request as it came: `query`, or the hash of a document in the draft's `documentId` or in Apollo's extension. */
export interface Asked {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
  readonly operationName?: unknown;
}

const texts = new Map(Object.entries(manifest));

/** The text that a request means; null where it gives none. */
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
    return textOf(mode, { query }, { credential }); // sent along, so that it need not be known
  }
  return texts.get(hash) ?? refusal('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
}

function hashOf({ documentId, extensions }: Asked): string | null {
  const persisted = (extensions as { persistedQuery?: { sha256Hash?: unknown } } | null | undefined)
    ?.persistedQuery;
  const given = documentId ?? persisted?.sha256Hash ?? null;
  return given === null ? null : String(given).replace(/^sha256:/, '');
}

/** Whether a request names a document, be it with its text. */
export const namesDocument = (asked: Asked): boolean => hashOf(asked) !== null;

const refusal = (code: string, message: string, more: object = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { code, ...more } });
