import { Field, ObjectType } from 'type-graphql';
import { Base } from '../../../kernel/data/base.entity.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';

/** A purchase that a browser reported. It creates no attribution and no commission: those need `recordConversion` from a server. */
@ObjectType({
  simpleResolvers: true,
  description:
    'A purchase that a browser reported, for comparison with the records of your server. It creates no attribution and no commission.',
})
export class ReportedConversion extends Base {
  @Field({ description: 'Order id, as reported by the page.' })
  orderId!: string;

  @Field(() => String, { nullable: true, description: 'Coupon code, as reported by the page.' })
  coupon!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Amount, as reported by the page: unverified text.',
  })
  said!: string | null;

  @Field(() => Boolean, { description: 'True if your server has recorded the order.' })
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
