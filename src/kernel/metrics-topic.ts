import type { Context } from './context.ts';

export const metricsTopic = (partnerId: string): string => `metrics:${partnerId}`;

/** Tells subscribers, after the commit, that a partner's figures moved. */
export function announceMetrics({ feed }: Pick<Context, 'feed'>, partnerId: string): void {
  feed.publish(metricsTopic(partnerId));
}
