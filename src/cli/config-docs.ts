import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { composeFile } from '../config/compose.ts';
import { configurationPage, envExample } from '../config/documentation.ts';

/** Writes docs/configuration.md, .env.example and the generated parts of docker-compose.yml. */
mkdirSync('docs', { recursive: true });
writeFileSync('docs/configuration.md', configurationPage());
writeFileSync('.env.example', envExample());
writeFileSync('docker-compose.yml', composeFile(readFileSync('docker-compose.yml', 'utf8')));
