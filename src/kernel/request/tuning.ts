/** How long the machinery waits, in milliseconds. Production runs with `tuning`; tests set shorter waits. */
export interface Tuning {
  /** How often a worker looks for jobs whose time has come. */
  readonly jobPollMs: number;
  /** How often a worker looks for the work of processes that died. */
  readonly resumeEveryMs: number;
  /** How long after its last change a payout without a job is taken up again. */
  readonly orphanedAfterMs: number;
  /** How often new audit entries are linked. */
  readonly auditLinkEveryMs: number;
  /** The first pause of a rail that fails again and again; each further pause is twice as long. */
  readonly railPauseMs: number;
  /** The longest wait for an answer of the identity provider. */
  readonly identityProviderTimeoutMs: number;
  /** The longest wait for Redis to count a call. */
  readonly callCounterTimeoutMs: number;
  /** How long a client may take to send the headers of a request. */
  readonly headersTimeoutMs: number;
  /** How long a socket may take to show its credential. */
  readonly socketInitTimeoutMs: number;
  /** How often the server looks for clients that are too slow. */
  readonly slowClientCheckMs: number;
}

export const tuning: Tuning = {
  jobPollMs: 1_000,
  resumeEveryMs: 5_000,
  orphanedAfterMs: 5_000,
  auditLinkEveryMs: 1_000,
  railPauseMs: 2_000,
  identityProviderTimeoutMs: 3_000,
  callCounterTimeoutMs: 40,
  headersTimeoutMs: 10_000,
  socketInitTimeoutMs: 3_000,
  slowClientCheckMs: 2_000,
};
