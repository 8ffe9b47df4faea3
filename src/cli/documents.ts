import { writeFile } from 'node:fs/promises';
import { parse } from 'graphql';
import { readDocuments } from '../documents/read-documents.ts';

/** Writes the manifest of the trusted documents and lists them. */
const documents = readDocuments('src/documents');
await writeFile('src/documents/manifest.json', `${JSON.stringify(documents, null, 2)}\n`);
for (const [hash, text] of Object.entries(documents)) {
  const [operation] = parse(text).definitions.flatMap((node) =>
    'operation' in node ? [node.name?.value] : [],
  );
  process.stdout.write(`sha256:${hash} ${operation}\n`);
}
