import { type ImageStatus, isImage } from '../../../domain/image.ts';
import { sql } from '../../../kernel/data/sql.ts';
import { transact } from '../../../kernel/data/transact.ts';
import type { Context } from '../../../kernel/request/context.ts';
import { type Outbound, OutboundError } from '../../../ports/outbound.ts';
import { WhiteLabelConfig } from './partner-config.entity.ts';

/** Fetches a partner's images once and stores the outcome. The images are neither stored nor served. */
export async function checkLogo(ctx: Context, partnerId: string): Promise<void> {
  const config = await ctx.em.findOne(WhiteLabelConfig, partnerId);
  if (!config) return;
  const { logoUrl, faviconUrl } = config;
  const [logo, favicon] = await Promise.all([look(ctx.outbound, logoUrl), look(ctx.outbound, faviconUrl)]);
  // If the URL has changed meanwhile, another job checks the new one.
  await transact(ctx, (em) =>
    sql`
      update white_label_configs
      set logo_status = case when logo_url = ${logoUrl ?? null} then ${logo} else logo_status end,
          favicon_status = case when favicon_url = ${faviconUrl ?? null} then ${favicon} else favicon_status end
      where partner_id = ${partnerId}`.execute(em),
  );
}

async function look(outbound: Outbound, url: string | null | undefined): Promise<ImageStatus | null> {
  if (!url) return null;
  const answer = await outbound.fetch({ url }).catch((error: unknown) => {
    if (error instanceof OutboundError) return null;
    throw error;
  });
  if (answer?.status !== 200) return 'NOT_REACHABLE';
  if (answer.cut) return 'TOO_LARGE';
  return isImage(answer.body) ? 'OK' : 'NOT_AN_IMAGE';
}
