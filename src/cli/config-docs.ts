import { mkdirSync, writeFileSync } from 'node:fs';
import { configurationPage, envExample } from '../config/documentation.ts';

/** Writes the documentation of the configuration anew. */
mkdirSync('docs', { recursive: true });
writeFileSync('docs/configuration.md', configurationPage());
writeFileSync('.env.example', envExample());
