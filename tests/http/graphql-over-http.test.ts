import { type AuditResult, auditServer } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../support/app.ts';

let app: TestApp;
let results: AuditResult[];

beforeAll(async () => {
  app = await createTestApp({}, { PLAYGROUND: 'true' }); // the audit asks for __type
  const port = await app.app.listen();
  results = await auditServer({ url: `http://127.0.0.1:${port}/graphql` });
  for (const { id, name, ...result } of results)
    process.stdout.write(`${result.status.padEnd(7)}${id} ${name}\n`);
});
afterAll(() => app.close());

const of = (level: string) => results.filter(({ name }) => name.startsWith(level));
const passed = (level: string) => of(level).filter(({ status }) => status === 'ok').length;

test('every MUST of GraphQL over HTTP holds', () => {
  expect(of('MUST').filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(passed('MUST')).toBeGreaterThanOrEqual(13);
});

test('at least the SHOULD and MAY rules hold that Apollo follows without changes', () => {
  process.stdout.write(
    `SHOULD ${passed('SHOULD')} of ${of('SHOULD').length}, MAY ${passed('MAY')} of ${of('MAY').length}\n`,
  );
  expect(passed('SHOULD')).toBeGreaterThanOrEqual(20);
  // Without a header that a page of another origin cannot send, a GET is refused: three MAYs given up for CSRF.
  expect(passed('MAY')).toBeGreaterThanOrEqual(of('MAY').length - 3);
});
