import { type Opt, PrimaryKeyProp } from '@mikro-orm/core';
import { Embedded, Entity, Enum, Filter, PrimaryKey, Property } from '@mikro-orm/decorators/legacy';
import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import { ImageStatus } from '../../../domain/image.ts';
import { byPartner } from '../../../kernel/data/base.entity.ts';
import { columnsOf } from '../../../kernel/data/columns.ts';
import { MoneyColumn } from '../../../kernel/data/money.column.ts';
import { ErasedTo, erased, ShownTo, Withheld } from '../../../kernel/data/personal.ts';
import { column, owned, type Table } from '../../../kernel/data/rows.ts';
import { Percentage } from '../../../kernel/request/scalars.ts';

registerEnumType(ImageStatus, {
  name: 'ImageStatus',
  description: 'What a look at the address of an image found.',
  valuesConfig: {
    OK: { description: 'PNG, JPEG, GIF, WebP, AVIF or ICO.' },
    NOT_REACHABLE: { description: 'No answer with status 200 from a public host within 15 seconds.' },
    NOT_AN_IMAGE: { description: 'Something else; SVG can carry scripts and counts as something else.' },
    TOO_LARGE: { description: 'More than a megabyte.' },
  },
});

/** What a reseller may do, and where. */
@Entity({ tableName: 'reseller_configs' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'What a reseller may do, and where.' })
export class ResellerConfig {
  [PrimaryKeyProp]?: 'partnerId';

  @PrimaryKey({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @Withheld('the tenant')
  tenantId!: string;

  @Field({ description: 'Whether it creates and manages customer accounts.' })
  @Property({ type: 'boolean' })
  @ShownTo('PARTNER')
  managesCustomers: boolean = true;

  @Field({ description: 'Whether it bills its customers itself.' })
  @Property({ type: 'boolean' })
  @ShownTo('PARTNER')
  managesBilling: boolean = false;

  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  pricingAuthorityBps: number = 0;

  @Field(() => Percentage, { description: 'How far below list price it may sell, percent.' })
  get pricingAuthority(): Opt<number> {
    return this.pricingAuthorityBps;
  }

  @Field(() => [String], { description: 'ISO 3166 country codes it may sell in; empty: everywhere.' })
  @Property({ type: 'text[]' })
  @ShownTo('PARTNER')
  countries: string[] = [];

  @Field(() => [String], { description: 'Products it may sell; empty: all.' })
  @Property({ type: 'text[]' })
  @ShownTo('PARTNER')
  products: string[] = [];

  @Field(() => MoneyColumn, { nullable: true, description: 'Smallest order, itself included; null: none.' })
  @Embedded(() => MoneyColumn, { nullable: true })
  @ShownTo('PARTNER')
  minimumOrder?: MoneyColumn | null;

  @Field(() => MoneyColumn, { nullable: true, description: 'How much it may owe; null: no limit.' })
  @Embedded(() => MoneyColumn, { nullable: true })
  @ShownTo('PARTNER')
  creditLimit?: MoneyColumn | null;
}

/** How an affiliate's clicks and purchases count. */
@Entity({ tableName: 'affiliate_configs' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: "How an affiliate's clicks and purchases count." })
export class AffiliateConfig {
  [PrimaryKeyProp]?: 'partnerId';

  @PrimaryKey({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @Withheld('the tenant')
  tenantId!: string;

  @Field(() => Int, { description: 'Days during which a click can become a conversion.' })
  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  cookieDays: number = 30;

  @Field({ description: "Whether only a customer's first purchase earns." })
  @Property({ type: 'boolean' })
  @ShownTo('PARTNER')
  firstPurchaseOnly: boolean = false;

  @Field(() => Int, {
    nullable: true,
    description: 'Months from the first purchase during which further ones earn; null: no end.',
  })
  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  recurringMonths?: number | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Smallest purchase that earns, itself included; null: none.',
  })
  @Embedded(() => MoneyColumn, { nullable: true })
  @ShownTo('PARTNER')
  minimumPurchase?: MoneyColumn | null;
}

/** How a white-label partner's brand looks. */
@Entity({ tableName: 'white_label_configs' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: "How a white-label partner's brand looks." })
export class WhiteLabelConfig {
  [PrimaryKeyProp]?: 'partnerId';

  @PrimaryKey({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @Withheld('the tenant')
  tenantId!: string;

  @Field({ description: 'Name of the brand.' })
  @Property({ type: 'text' })
  @ShownTo('PARTNER')
  @ErasedTo(`'erased-' || right(partner_id::text, 12)`)
  brandName!: string;

  @Field(() => String, { nullable: true, description: 'https address of the logo.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  logoUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'https address of the small icon.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  faviconUrl?: string | null;

  @Field(() => ImageStatus, {
    nullable: true,
    description: 'Whether the logo is there; null until it was looked for, moments after its address is set.',
  })
  @Enum({ items: () => ImageStatus, nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  logoStatus?: ImageStatus | null;

  @Field(() => ImageStatus, {
    nullable: true,
    description: 'Whether the small icon is there; null until it was looked for.',
  })
  @Enum({ items: () => ImageStatus, nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  faviconStatus?: ImageStatus | null;

  @Field(() => String, { nullable: true, description: 'Main colour, `#rrggbb`.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  primaryColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Second colour, `#rrggbb`.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  secondaryColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Accent colour, `#rrggbb`.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  accentColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Host name that serves the brand; unique everywhere.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  domain?: string | null;

  @Field({ description: 'Whether the FinACEverse name is hidden.' })
  @Property({ type: 'boolean' })
  @ShownTo('PARTNER')
  @ErasedTo('false')
  hideFinACEverseBranding: boolean = false;
}

export const resellerTable: Table<ResellerConfig> = {
  type: ResellerConfig,
  from: 'reseller_configs r',
  alias: 'r',
  kind: 'partner',
  attributes: owned('r', 'r.partner_id'),
  columns: { ...columnsOf(ResellerConfig, 'r'), id: column('r.partner_id') },
  needs: { pricingAuthority: ['pricingAuthorityBps'] },
};

export const affiliateTable: Table<AffiliateConfig> = {
  type: AffiliateConfig,
  from: 'affiliate_configs a',
  alias: 'a',
  kind: 'partner',
  attributes: owned('a', 'a.partner_id'),
  columns: { ...columnsOf(AffiliateConfig, 'a'), id: column('a.partner_id') },
};

export const whiteLabelTable: Table<WhiteLabelConfig> = {
  type: WhiteLabelConfig,
  from: 'white_label_configs w',
  alias: 'w',
  kind: 'partner',
  attributes: owned('w', 'w.partner_id'),
  columns: { ...columnsOf(WhiteLabelConfig, 'w'), id: column('w.partner_id') },
};
