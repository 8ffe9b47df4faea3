import { Field, Int, ObjectType } from 'type-graphql';
import { Base } from '../../../kernel/data/base.entity.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

/** Every click, including those of bots, with the data for attribution. Only click-ingest.ts writes touches. */
@ObjectType({
  simpleResolvers: true,
  description:
    'A touch: a click of a visitor, with the data for attribution. Its id equals the id of its referral.',
})
export class Touch extends Base {
  partnerId!: string;

  @Field({ description: 'Code or path of the link, in upper case.' })
  code!: string;

  @Field(() => Date, { description: 'Time of the click.' })
  clickedAt!: Date;

  @Field({ description: 'Source of the click, as `Referral.source`.' })
  source!: string;

  @Field(() => String, { nullable: true, description: '`utm_medium` of the link.' })
  medium!: string | null;

  @Field(() => String, { nullable: true, description: 'Campaign of the link, or `utm_campaign`.' })
  campaign!: string | null;

  @Field(() => [String], { description: 'Parameters `s1` to `s5` of the link; empty without any.' })
  subs!: string[];

  @Field({ description: 'DESKTOP, MOBILE, TABLET or UNKNOWN.' })
  device!: string;

  @Field(() => Boolean, { description: 'True for a click of a bot, which metrics do not count.' })
  bot!: boolean;

  @Field(() => Int, {
    description: 'Seconds between the click and its recording; more than 0 for a late report.',
  })
  lateSeconds!: number;
}

export const touchTable: Table<Touch> = {
  type: Touch,
  from: 'touches o',
  alias: 'o',
  kind: 'referral',
  attributes: owned('o', 'o.partner_id'),
  columns: {
    id: column('o.id'),
    partnerId: column('o.partner_id'),
    code: column('o.code'),
    clickedAt: column('o.clicked_at'),
    source: column('o.source'),
    medium: column('o.medium'),
    campaign: column('o.campaign'),
    subs: column('o.subs'),
    device: column('o.device'),
    bot: column('o.bot'),
    lateSeconds: column(
      'least(greatest(0, extract(epoch from o.created_at - o.clicked_at)), 2147483647)::int',
    ),
    createdAt: column('o.created_at'),
  },
  one: { partner: { key: 'o.partner_id', table: () => partnerTable } },
  needs: { partner: ['partnerId'] },
};
