import { join } from 'node:path';
import { secret, text } from './fields.ts';
import { section, variable } from './section.ts';

export const auditSeals = section({
  title: 'Audit seals',
  about: 'The head of each audit log is sealed outside the database, so that a change of the log shows.',
  variables: ({ production, dataFolder }) => ({
    AUDIT_SEAL_FILE: variable(text().prefault(join(dataFolder, 'audit-seals.jsonl')), {
      description:
        "File to which seals are appended. In production choose another machine's disk, out of reach of the owner of the database.",
      example: '/mnt/audit/audit-seals.jsonl',
    }),
    AUDIT_SEAL_KEY: variable(secret(production, 32).optional(), {
      description: 'Signs the seals. Use at least 32 random characters.',
      otherwise: 'derived from `JWT_SECRET`',
      secret: true,
    }),
  }),
  value: (set) => ({ auditSealFile: set.AUDIT_SEAL_FILE, auditSealSecret: set.AUDIT_SEAL_KEY ?? null }),
});
