import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { makeKeyFile } from '../src/config/key-file.ts';
import { migrate } from '../src/database.ts';
import type { Helper } from './processes.ts';

/** Starts a compiled file of this folder and stops it with the benchmark. */
export type Start = (file: string, env?: Record<string, string>) => Helper;

/** Returns the environment of a server of the benchmark; its keys are in `folder`. */
export function serverEnv(url: string, folder: string) {
  const keys = join(folder, 'keys.json');
  makeKeyFile(keys);
  return {
    DATABASE_URL: url,
    JWT_SECRET: randomBytes(48).toString('base64url'),
    KMS_KEY_FILE: keys,
    HOST: '127.0.0.1',
    PORT: '0',
    WORKER: 'off',
  };
}

/** Returns the address of a server. If the server does not start, throws its output. */
export async function portOf(server: Helper, folder: string, file: string): Promise<number> {
  const { port } = await server.ask<{ port: number }>({ ask: 'port' }).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await readFile(join(folder, `${file}.log`), 'utf8')}`);
  });
  return port;
}

/** Creates a further database beside the one of `url`. Returns its URL. */
export async function newDatabase(url: string, name: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  const own = new URL(url);
  own.pathname = name;
  await migrate(own.href);
  return own.href;
}
