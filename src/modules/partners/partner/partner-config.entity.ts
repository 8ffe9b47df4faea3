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
  description: 'Result of the check of an image URL.',
  valuesConfig: {
    OK: { description: 'PNG, JPEG, GIF, WebP, AVIF or ICO.' },
    NOT_REACHABLE: { description: 'No response with status 200 from a public host within 15 seconds.' },
    NOT_AN_IMAGE: { description: 'Another file type. SVG is refused, because it can contain scripts.' },
    TOO_LARGE: { description: 'Larger than one megabyte.' },
  },
});

/** The rights and limits of a reseller. */
@Entity({ tableName: 'reseller_configs' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'Rights and limits of a reseller.' })
export class ResellerConfig {
  [PrimaryKeyProp]?: 'partnerId';

  @PrimaryKey({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @Withheld('the tenant')
  tenantId!: string;

  @Field({ description: 'True if the reseller creates and manages customer accounts.' })
  @Property({ type: 'boolean' })
  @ShownTo('PARTNER')
  managesCustomers: boolean = true;

  @Field({ description: 'True if the reseller bills its customers itself.' })
  @Property({ type: 'boolean' })
  @ShownTo('PARTNER')
  managesBilling: boolean = false;

  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  pricingAuthorityBps: number = 0;

  @Field(() => Percentage, {
    description: 'Largest discount from the list price that the reseller may give, in percent.',
  })
  get pricingAuthority(): Opt<number> {
    return this.pricingAuthorityBps;
  }

  @Field(() => [String], {
    description: 'ISO 3166 codes of the countries in which the reseller may sell; empty for all countries.',
  })
  @Property({ type: 'text[]' })
  @ShownTo('PARTNER')
  countries: string[] = [];

  @Field(() => [String], { description: 'Products that the reseller may sell; empty for all products.' })
  @Property({ type: 'text[]' })
  @ShownTo('PARTNER')
  products: string[] = [];

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Minimum order value, inclusive; null for no minimum.',
  })
  @Embedded(() => MoneyColumn, { nullable: true })
  @ShownTo('PARTNER')
  minimumOrder?: MoneyColumn | null;

  @Field(() => MoneyColumn, { nullable: true, description: 'Credit limit; null for no limit.' })
  @Embedded(() => MoneyColumn, { nullable: true })
  @ShownTo('PARTNER')
  creditLimit?: MoneyColumn | null;
}

/** The attribution and commission terms of an affiliate. */
@Entity({ tableName: 'affiliate_configs' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'Attribution and commission terms of an affiliate.' })
export class AffiliateConfig {
  [PrimaryKeyProp]?: 'partnerId';

  @PrimaryKey({ type: 'uuid' })
  @Withheld('an id')
  partnerId!: string;

  @Property({ type: 'text' })
  @Withheld('the tenant')
  tenantId!: string;

  @Field(() => Int, { description: 'Days after a click within which a purchase is attributed to the click.' })
  @Property({ type: 'integer' })
  @ShownTo('PARTNER')
  cookieDays: number = 30;

  @Field({ description: "True if only a customer's first purchase earns a commission." })
  @Property({ type: 'boolean' })
  @ShownTo('PARTNER')
  firstPurchaseOnly: boolean = false;

  @Field(() => Int, {
    nullable: true,
    description: 'Months after the first purchase in which further purchases earn; null for no limit.',
  })
  @Property({ type: 'integer', nullable: true })
  @ShownTo('PARTNER')
  recurringMonths?: number | null;

  @Field(() => MoneyColumn, {
    nullable: true,
    description: 'Minimum purchase that earns, inclusive; null for no minimum.',
  })
  @Embedded(() => MoneyColumn, { nullable: true })
  @ShownTo('PARTNER')
  minimumPurchase?: MoneyColumn | null;
}

/** The brand of a white-label partner. */
@Entity({ tableName: 'white_label_configs' })
@Filter({ name: 'mine', cond: byPartner, default: true })
@ObjectType({ simpleResolvers: true, description: 'Brand of a white-label partner.' })
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

  @Field(() => String, { nullable: true, description: 'https URL of the logo.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  logoUrl?: string | null;

  @Field(() => String, { nullable: true, description: 'https URL of the favicon.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  faviconUrl?: string | null;

  @Field(() => ImageStatus, {
    nullable: true,
    description:
      'Result of the check of the logo URL; null before the check, which runs soon after the URL is set.',
  })
  @Enum({ items: () => ImageStatus, nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  logoStatus?: ImageStatus | null;

  @Field(() => ImageStatus, {
    nullable: true,
    description: 'Result of the check of the favicon URL; null before the check.',
  })
  @Enum({ items: () => ImageStatus, nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  faviconStatus?: ImageStatus | null;

  @Field(() => String, { nullable: true, description: 'Primary colour, `#rrggbb`.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  primaryColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Secondary colour, `#rrggbb`.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  secondaryColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Accent colour, `#rrggbb`.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  accentColor?: string | null;

  @Field(() => String, { nullable: true, description: 'Host name of the brand; unique across all partners.' })
  @Property({ type: 'text', nullable: true })
  @ShownTo('PARTNER')
  @ErasedTo(erased.nothing)
  domain?: string | null;

  @Field({ description: 'True if the FinACEverse brand is hidden.' })
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
