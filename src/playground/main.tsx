import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './style.css';
import { GraphiQL } from 'graphiql';
import { useMemo, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Bar } from './bar.tsx';
import { examples } from './examples.ts';
import { fetcherWith } from './fetcher.ts';
import { storage, takeShared } from './storage.ts';
import { become, type Settings, storedWho } from './who.ts';

const initial = await become(storedWho());
const shared = takeShared();
// A first visit shows the shared query before the examples; a later one adds a tab.
const tabs = shared.initialQuery
  ? [{ query: shared.initialQuery, variables: shared.initialVariables ?? null }, ...examples]
  : examples;

const PHONE = matchMedia('(max-width: 700px)');

function Playground() {
  const [settings, setSettings] = useState(initial);
  const current = useRef<Settings>(initial);
  const result = useRef<unknown>(null);
  // One fetcher for the life of the page, so that another role neither loads the schema again nor loses an answer.
  const fetcher = useMemo(
    () =>
      fetcherWith({
        token: () => current.current.token,
        role: () => current.current.role,
        onResult(value) {
          result.current = value;
        },
      }),
    [],
  );
  function take(next: Settings) {
    current.current = next;
    setSettings(next);
  }
  return (
    <>
      <Bar settings={settings} onBecome={take} lastResult={() => result.current} />
      <GraphiQL
        fetcher={fetcher}
        defaultTabs={tabs}
        {...shared}
        storage={storage}
        shouldPersistHeaders
        showPersistHeadersSettings={false}
        defaultEditorToolsVisibility={PHONE.matches ? false : 'variables'}
        inputValueDeprecation
        schemaDescription
      >
        <GraphiQL.Logo>{null}</GraphiQL.Logo>
      </GraphiQL>
    </>
  );
}

createRoot(document.getElementById('root') as HTMLElement).render(<Playground />);
