import { Field, ObjectType } from 'type-graphql';
import { Base } from '../../../kernel/data/base.entity.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';

/** What a browser said of a purchase. It credits nobody and makes no money: that takes a server's `recordConversion`. */
@ObjectType({
  simpleResolvers: true,
  description:
    'A purchase as a browser reported it, to compare with what your server records. It credits nobody and makes no money.',
})
export class ReportedConversion extends Base {
  @Field({ description: 'The order, as the page said.' })
  orderId!: string;

  @Field(() => String, { nullable: true, description: 'The coupon, as the page said.' })
  coupon!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What was paid, as the page said: text that nobody checked.',
  })
  said!: string | null;

  @Field(() => Boolean, { description: 'Whether your server has recorded the order since.' })
  confirmed!: boolean;
}

export const reportedConversionTable: Table<ReportedConversion> = {
  type: ReportedConversion,
  from: 'reported_conversions rc',
  alias: 'rc',
  kind: 'referral',
  attributes: owned('rc', 'rc.partner_id'),
  columns: {
    id: column('rc.id'),
    orderId: column('rc.order_id'),
    coupon: column('rc.coupon'),
    said: column("nullif(concat_ws(' ', rc.amount, rc.currency), '')"),
    confirmed: column(
      'exists (select from conversions w where w.tenant_id = rc.tenant_id and w.order_id = rc.order_id)',
    ),
    createdAt: column('rc.created_at'),
  },
};
