/** The caller, as the policies see it. */
export interface Principal {
  readonly id: string;
  readonly role: string;
  readonly attributes: Attributes;
}

/** Attributes that a policy can read. Attributes with the value null are left out of resources. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface Question {
  readonly kind: string;
  readonly id: string;
  readonly attributes: Attributes;
  readonly actions: readonly string[];
}

/** The decision about one question. */
export interface Verdict {
  readonly allowed: ReadonlySet<string>;
  /** The policy's text for a refusal; null when the policy gives none. */
  readonly reason: string | null;
}

/** The policy's condition for rows that the caller may read, before any row is known. */
export type Plan =
  | { readonly kind: 'ALWAYS_ALLOWED' }
  | { readonly kind: 'ALWAYS_DENIED' }
  | { readonly kind: 'CONDITIONAL'; readonly condition: Operand };

export type Operand =
  | { readonly operator: string; readonly operands: readonly Operand[] }
  | { readonly variable: string }
  | { readonly value: unknown };

/** The only place that decides about permissions. An error means denied. */
export interface PolicyDecision {
  /** Returns one verdict per question, in the same order. */
  check(principal: Principal, questions: readonly Question[]): Promise<readonly Verdict[]>;
  plan(principal: Principal, kind: string, action: string): Promise<Plan>;
  /** Milliseconds for which a decision stays right. Infinity when the policies cannot change while this process runs. */
  readonly validForMs: number;
  /** False if no policy reads this attribute of a row, so that a decision cannot depend on it. */
  reads(attribute: string): boolean;
  /** Throws when the policy service cannot decide at the moment. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
