import { type Tuning, tuning } from '../../src/kernel/request/tuning.ts';

/** Short waits, so that what a worker does in seconds comes within a test's moment. */
export const quick: Tuning = {
  ...tuning,
  jobPollMs: 100,
  resumeEveryMs: 500,
  orphanedAfterMs: 1_000,
  auditLinkEveryMs: 100,
  railPauseMs: 50,
  socketInitTimeoutMs: 10_000, // a busy machine opens sockets slowly
};
