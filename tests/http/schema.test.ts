import { printSchema } from 'graphql';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/database.ts';
import { createSchema } from '../../src/schema.ts';
import { createDatabase } from '../support/database.ts';

test('schema.graphql is what the code serves: `npm run schema` prints it', async () => {
  await expect(`${printSchema(await createSchema())}\n`).toMatchFileSnapshot('../../schema.graphql');
});

test('the tables have every column of the entities, of its type', async () => {
  const database = await createDatabase();
  const { orm, close } = await openDatabase(database.url);
  const changes = (await orm.schema.getUpdateSchemaSQL({ dropTables: false })).split('\n');
  await close();
  await database.drop();
  // What the migrations add by hand (references, indexes, triggers) the entities do not know, and would drop.
  const missing = changes.filter((line) => /add column|alter column|create table/.test(line));
  expect(missing).toEqual([]);
});
