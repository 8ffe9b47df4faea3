import { printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database.ts';
import { openApiOf } from '../../src/http/rest/openapi.ts';
import { storedProperties } from '../../src/kernel/data/columns.ts';
import { createSchema } from '../../src/schema.ts';
import { createDatabase } from '../support/database.ts';

test('schema.graphql is what the code serves: `npm run schema` prints it', async () => {
  await expect(`${printSchema(await createSchema())}\n`).toMatchFileSnapshot('../../schema.graphql');
});

test('docs/api/openapi.json describes the paths that the code serves: `npm run schema` prints it', async () => {
  const described = JSON.stringify(openApiOf(await createSchema()), null, 1);
  await expect(`${described}\n`).toMatchFileSnapshot('../../docs/api/openapi.json');
});

/** Columns that the database keeps for itself. */
const KNOWN_DRIFT = [
  'alter table "partners" drop column "search_text";', // computed by the database, and read by no entity
  'alter table "payout_accounts" drop column "data_key_id";', // generated from the envelope, for a foreign key
  'alter table "tax_ids" drop column "data_key_id";', // the same
  // An identity of which MikroORM compares the kind.
  'alter table "program_metric_changes" drop column "id";',
  'alter table "program_metric_changes" add "id" bigserial generated always as identity not null primary key;',
];

test('the tables have the columns of the entities, of the same types, and no others', async () => {
  const database = await createDatabase();
  const { orm, close } = await openDatabase(database.url);
  const changes = (await orm.schema.getUpdateSchemaSQL({ dropTables: false })).split('\n');
  await close();
  await database.drop();
  // Constraints, indexes, triggers, policies and comments are made by hand in src/database; entities do not name them.
  const columns = /^create table|^alter table "\w+" (add (column )?"|alter column|drop column|rename)/;
  const drift = changes.filter((line) => columns.test(line));
  expect(drift.filter((line) => !KNOWN_DRIFT.includes(line))).toEqual([]);
});

test('the columns that are read and written by hand are those that MikroORM maps', async () => {
  const database = await createDatabase();
  const { orm, close } = await openDatabase(database.url);
  const mapped = [...orm.getMetadata()].filter(({ tableName, embeddable }) => tableName && !embeddable);
  for (const { class: entity, props } of mapped) {
    const columns = props.flatMap(({ kind, persist, fieldNames }) =>
      kind === 'embedded' || persist === false ? [] : fieldNames,
    );
    const derived = storedProperties(entity).flatMap((property) => property.columns);
    expect(derived.toSorted(), entity.name).toEqual(columns.toSorted());
  }
  expect(mapped.length).toBeGreaterThan(60);
  await close();
  await database.drop();
});
