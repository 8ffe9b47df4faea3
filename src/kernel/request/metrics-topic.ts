import type { Context } from './context.ts';

const PREFIX = 'metrics:';
export const metricsTopic = (partnerId: string): string => `${PREFIX}${partnerId}`;

/** The partner of a metrics topic; null for another topic. */
export const partnerOfTopic = (topic: string): string | null =>
  topic.startsWith(PREFIX) ? topic.slice(PREFIX.length) : null;

/** Notifies subscribers, after the commit, that the metrics of a partner changed. */
export function announceMetrics({ feed }: Pick<Context, 'feed'>, partnerId: string): void {
  feed.publish(metricsTopic(partnerId));
}

export const ratesTopic = (tenantId: string): string => `rates:${tenantId}`;

/** Notifies subscribers to metrics of a program, after the commit, that its exchange rates changed. */
export function announceRates({ feed }: Pick<Context, 'feed'>, tenantId: string): void {
  feed.publish(ratesTopic(tenantId));
}
