import { Migration } from '@mikro-orm/migrations';

export class Migration20261122161100_lines_approve_themselves extends Migration {
  override up(): void {
    this.addSql(`alter table programs add column auto_approve boolean not null default false`);
    // What a job looks for each minute: what nobody made by hand and what its refund period may be over for.
    this.addSql(`create index commissions_past_hold on commissions (tenant_id, hold_until)
      where status = 'PENDING' and created_by is null and reverses_id is null`);
    this.addSql(`alter table commissions add column reject_code text null,
      add constraint commissions_reject_code check (reject_code in ('DUPLICATE', 'FRAUD', 'NOT_ELIGIBLE', 'TERMS', 'OTHER') and status = 'REJECTED' or reject_code is null)`);
  }
}
