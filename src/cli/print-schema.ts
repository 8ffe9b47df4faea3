import { writeFile } from 'node:fs/promises';
import { printSchema } from 'graphql';
import { openApiOf } from '../http/rest/openapi.ts';
import { createSchema } from '../schema.ts';

const schema = await createSchema();
await writeFile('schema.graphql', `${printSchema(schema)}\n`);
await writeFile('docs/api/openapi.json', `${JSON.stringify(openApiOf(schema), null, 1)}\n`);
