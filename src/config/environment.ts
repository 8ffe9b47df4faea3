import { existsSync, readFileSync } from 'node:fs';
import type { Given } from './section.ts';

/** The environment, with the variables that a `.env` file adds to it. */
export function environment(): NodeJS.ProcessEnv {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

/** The variables that are set. An empty one is not, so that a container can pass every variable. */
export function setVariables(
  env: NodeJS.ProcessEnv,
  secrets: readonly string[],
): { set: Given; faults: readonly string[] } {
  const set: Record<string, string> = {};
  const faults: string[] = [];
  for (const [name, value] of Object.entries(env)) if (value) set[name] = value;
  for (const name of secrets) {
    const fileName = `${name}_FILE`;
    const file = set[fileName];
    if (!file) continue;
    if (set[name]) faults.push(`${name} and ${fileName} are both set: set one of them.`);
    try {
      const secret = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '');
      if (secret) set[name] ??= secret;
    } catch {
      faults.push(`${fileName} must be the path of a file that this process can read.`);
    }
  }
  return { set, faults };
}
