import type { Context } from './context.ts';

const PREFIX = 'metrics:';
export const metricsTopic = (partnerId: string): string => `${PREFIX}${partnerId}`;

/** The partner whose figures a topic is about; null: another topic. */
export const partnerOfTopic = (topic: string): string | null =>
  topic.startsWith(PREFIX) ? topic.slice(PREFIX.length) : null;

/** Tells subscribers, after the commit, that a partner's figures moved. */
export function announceMetrics({ feed }: Pick<Context, 'feed'>, partnerId: string): void {
  feed.publish(metricsTopic(partnerId));
}
