/** The exports for other subjects and areas. */
export { record, recordIn } from './record.ts';
export { sealAudit } from './seal-audit.ts';
export { auditedTenants, type Verification, verifyAudit } from './verify-audit.ts';
