import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';
import { GraphiQL } from 'graphiql';
import { createRoot } from 'react-dom/client';
import { examples } from './examples.ts';
import { fetcherWith } from './fetcher.ts';

const { token }: { token: string | null } = await (await fetch('./settings.json')).json();
const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
const headersText = token ? JSON.stringify(headers, null, 2) : '';

// Headers are never persisted, so that a reload uses the token that the server sends now, not an expired one.
createRoot(document.getElementById('root') as HTMLElement).render(
  <GraphiQL
    fetcher={fetcherWith(headers)}
    defaultTabs={examples}
    initialHeaders={headersText}
    defaultHeaders={headersText}
    shouldPersistHeaders={false}
    defaultEditorToolsVisibility="headers"
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>Partner Portal</GraphiQL.Logo>
  </GraphiQL>,
);
