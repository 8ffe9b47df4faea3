import { useEffect, useRef, useState } from 'react';
import { sharedLink } from './storage.ts';
import { csvOf, type Table, tableOf } from './table.ts';
import { become, type PartnerChoice, partnersOf, type Settings, type Who } from './who.ts';

export interface BarProps {
  readonly settings: Settings;
  readonly onBecome: (settings: Settings) => void;
  readonly lastResult: () => unknown;
}

/** The line above the editor. It names the caller, and offers the roles, the table and the link. */
export function Bar({ settings, onBecome, lastResult }: BarProps) {
  const [table, setTable] = useState<Table | null>(null);
  const [note, setNote] = useState('');
  const say = (sentence: string) => {
    setNote(sentence);
    setTimeout(() => setNote(''), 4_000);
  };
  function showTable() {
    const found = tableOf(lastResult());
    if (found) setTable(found);
    else say('Run a query first: its answer becomes the table.');
  }
  async function share() {
    const link = sharedLink();
    await navigator.clipboard.writeText(link).then(
      () => say('The link is copied. It has the query and its variables, and no token.'),
      () => window.prompt('Copy this link', link),
    );
  }
  return (
    <header className="bar">
      <strong>Partner Portal</strong>
      {settings.roles.length > 0 && <Menu settings={settings} onBecome={onBecome} />}
      <span className="note" role="status">
        {note || whoText(settings)}
      </span>
      <button type="button" onClick={showTable}>
        Table
      </button>
      <button type="button" onClick={() => void share()}>
        Copy link
      </button>
      {table && <TableView table={table} onClose={() => setTable(null)} />}
    </header>
  );
}

function whoText({ token, role, roles }: Settings): string {
  if (!token || roles.length === 0) return 'Set an Authorization header in Headers.';
  const { sub, tenant } = JSON.parse(atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')));
  return `You are ${sub ?? role}${tenant ? ` of ${tenant}` : ''}`;
}

function Menu({ settings, onBecome }: Omit<BarProps, 'lastResult'>) {
  const { role, roles, partnerId } = settings;
  const [partners, setPartners] = useState<PartnerChoice[]>([]);
  useEffect(() => {
    if (role === 'PARTNER') void partnersOf().then(setPartners);
  }, [role]);
  async function change(who: Who) {
    const first = who.role === 'PARTNER' ? (who.partnerId ?? (await partnersOf())[0]?.id ?? null) : null;
    onBecome(await become({ role: who.role, partnerId: first }));
  }
  return (
    <>
      <select
        aria-label="Role"
        value={role}
        onChange={({ target }) => void change({ role: target.value, partnerId: null })}
      >
        {roles.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
      {role === 'PARTNER' && (
        <select
          aria-label="Partner"
          value={partnerId ?? ''}
          onChange={({ target }) => void change({ role, partnerId: target.value })}
        >
          {partners.map(({ id, companyName }) => (
            <option key={id} value={id}>
              {companyName}
            </option>
          ))}
        </select>
      )}
    </>
  );
}

function TableView({ table, onClose }: { table: Table; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  function download() {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([csvOf(table)], { type: 'text/csv;charset=utf-8' }));
    link.download = 'result.csv';
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
  return (
    <dialog className="table" ref={dialog} onClose={onClose}>
      <p>
        <span>
          {table.rows.length} {table.rows.length === 1 ? 'row' : 'rows'}
        </span>
        <button type="button" onClick={download}>
          Download CSV
        </button>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </p>
      <div>
        {table.rows.length === 0 ? (
          <p>The result is empty.</p>
        ) : (
          <table>
            <thead>
              <tr>
                {table.columns.map((column) => (
                  <th key={column}>{column}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((row, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the rows have no id and never change
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={table.columns[column]}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </dialog>
  );
}
