/** Who asks, as the policies see it. */
export interface Principal {
  readonly id: string;
  readonly role: string;
  readonly attributes: Attributes;
}

/** What a policy may look at. A value that is null is left out for resources: to a policy it does not exist. */
export type Attributes = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

export interface Question {
  readonly kind: string;
  readonly id: string;
  readonly attributes: Attributes;
  readonly actions: readonly string[];
}

/** What is said of one question. */
export interface Verdict {
  readonly allowed: ReadonlySet<string>;
  /** Why something is refused, in the policy's own words; null where it says nothing. */
  readonly reason: string | null;
}

/** Which rows may be seen, as the policy says it before any row is known. */
export type Plan =
  | { readonly kind: 'ALWAYS_ALLOWED' }
  | { readonly kind: 'ALWAYS_DENIED' }
  | { readonly kind: 'CONDITIONAL'; readonly condition: Operand };

export type Operand =
  | { readonly operator: string; readonly operands: readonly Operand[] }
  | { readonly variable: string }
  | { readonly value: unknown };

/** The one place that decides who may do what. Whatever it throws means no. */
export interface PolicyDecision {
  /** One verdict a question, in their order. */
  check(principal: Principal, questions: readonly Question[]): Promise<readonly Verdict[]>;
  plan(principal: Principal, kind: string, action: string): Promise<Plan>;
  /** Throws where it can not decide just now. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
