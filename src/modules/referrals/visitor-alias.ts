import { createHash } from 'node:crypto';
import type { Actor } from '../../kernel/actor.ts';

/** A visitor as `actor` may know it. A partner reads an id that is the same each time and no other partner's, and by which it
 *  can say no clicks of that visitor: whoever could, would put itself on the path of every sale. (`visitor_alias` in SQL.) */
export function visitorFor({ partnerId }: Pick<Actor, 'partnerId'>, visitorId: string): string {
  if (partnerId === null) return visitorId;
  const hex = createHash('md5').update(`${visitorId}${partnerId}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
