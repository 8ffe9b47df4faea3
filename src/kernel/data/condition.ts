/** A piece of SQL with its values; `$` stands for the next parameter. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}
export const where = (sql: string, ...values: unknown[]): Condition => ({ sql, values });
