import { createHmac, timingSafeEqual } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditSeals, Seal } from '../../ports/audit-seals.ts';

interface Line {
  readonly tenant: string;
  readonly seq: string;
  readonly hash: string;
  readonly at: string;
  readonly signature: string;
}

/** Seals in an append-only file, one signed line each. Keep the file on another machine, or copy it there. */
export function sealFile(file: string, key: Uint8Array): AuditSeals {
  const signatureOf = ({ tenant, seq, hash, at }: Omit<Line, 'signature'>): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([tenant, seq, hash, at]))
      .digest();

  const lineOf = ({ tenantId: tenant, seq, hash, sealedAt }: Seal): string => {
    const line = { tenant, seq: `${seq}`, hash, at: sealedAt.toISOString() };
    return JSON.stringify({ ...line, signature: signatureOf(line).toString('base64url') });
  };

  return {
    async append(seals) {
      if (seals.length === 0) return;
      await mkdir(dirname(file), { recursive: true });
      const handle = await open(file, 'a', 0o600);
      try {
        // The text also starts with a line break: a line that a crash cut off must not damage the next one.
        await handle.write(`\n${seals.map(lineOf).join('\n')}\n`);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    },

    async *read() {
      if (!existsSync(file)) return;
      for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
        const line = parse(text);
        if (!line) continue;
        const { tenant, seq, hash, at, signature } = line;
        const given = Buffer.from(signature, 'base64url');
        const own = signatureOf(line);
        yield {
          ...{ tenantId: tenant, seq: BigInt(seq), hash, sealedAt: new Date(at) },
          genuine: given.length === own.length && timingSafeEqual(given, own),
        };
      }
    },
  };
}

/** Null for an empty line and for a line that was cut off. */
function parse(text: string): Line | null {
  try {
    const line = JSON.parse(text) as Line;
    return [line.tenant, line.hash, line.at, line.signature].every((each) => typeof each === 'string') &&
      /^\d{1,18}$/.test(line.seq)
      ? line
      : null;
  } catch {
    return null;
  }
}
