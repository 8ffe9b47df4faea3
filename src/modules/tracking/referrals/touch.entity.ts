import { Field, Int, ObjectType } from 'type-graphql';
import { Base } from '../../../kernel/data/base.entity.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { partnerTable } from '../../partners/partner/public.ts';

/** Every click as attribution sees it, those of programs too; written by click-ingest.ts alone. */
@ObjectType({
  simpleResolvers: true,
  description:
    'A touch: a click of a visitor, with all that attribution asks of it. Its id is that of its referral.',
})
export class Touch extends Base {
  partnerId!: string;

  @Field({ description: 'The code or the path that was clicked, in upper case.' })
  code!: string;

  @Field(() => Date, { description: 'When the visitor clicked.' })
  clickedAt!: Date;

  @Field({ description: 'Where it came from, as `Referral.source`.' })
  source!: string;

  @Field(() => String, { nullable: true, description: '`utm_medium` of the link.' })
  medium!: string | null;

  @Field(() => String, { nullable: true, description: 'The campaign of the link, else `utm_campaign`.' })
  campaign!: string | null;

  @Field(() => [String], { description: '`s1` to `s5` of the link; empty where it had none.' })
  subs!: string[];

  @Field({ description: 'DESKTOP, MOBILE, TABLET or UNKNOWN.' })
  device!: string;

  @Field(() => Boolean, { description: 'Whether a program clicked; no figure counts it.' })
  bot!: boolean;

  @Field(() => Int, {
    description: 'Seconds from the click until we heard of it: more than 0 of a late event.',
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
