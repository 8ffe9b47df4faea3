import { mkdirSync, writeFileSync } from 'node:fs';
import { configurationPage, envExample } from '../config/documentation.ts';

/** Writes docs/configuration.md and .env.example. */
mkdirSync('docs', { recursive: true });
writeFileSync('docs/configuration.md', configurationPage());
writeFileSync('.env.example', envExample());
