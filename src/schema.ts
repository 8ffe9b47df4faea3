import 'reflect-metadata';
import { type GraphQLObjectType, type GraphQLSchema, isNonNullType, lexicographicSortSchema } from 'graphql';
import { buildSchema, getMetadataStorage, type ResolverData } from 'type-graphql';
import type { Permission } from './kernel/request/actor.ts';
import type { Context } from './kernel/request/context.ts';
import {
  asksAgain,
  needsStepUp,
  requireAll,
  requireFreshSignIn,
  requireStillGranted,
} from './kernel/request/permission.ts';
import { DateTime } from './kernel/request/scalars.ts';
import { validateInput } from './kernel/request/validate-input.ts';
import { ApiKeyResolver, CreatedApiKeyResolver } from './modules/access/api-keys/api-key.resolver.ts';
import { MemberResolver } from './modules/access/members/member.resolver.ts';
import { SessionResolver } from './modules/access/sessions/session.resolver.ts';
import { ViewerResolver } from './modules/access/sessions/viewer.resolver.ts';
import {
  AttributionReplayResolver,
  ReplayedPartnerResolver,
} from './modules/commissions/attribution-replays/replay.resolver.ts';
import {
  CommissionResolver,
  PartnerCommissionsResolver,
  ReferralCommissionsResolver,
} from './modules/commissions/commission/commission.resolver.ts';
import { CommissionHoldResolver } from './modules/commissions/commission/hold.resolver.ts';
import { CreateCommissionResolver } from './modules/commissions/earning/create-commission.resolver.ts';
import { CommissionExplanationResolver } from './modules/commissions/explain/explain.resolver.ts';
import { CommissionPlanResolver, CommissionRuleResolver } from './modules/commissions/plans/plan.resolver.ts';
import { DisputeResolver } from './modules/commissions/refunds/dispute.resolver.ts';
import { SaleRefundResolver } from './modules/commissions/refunds/refund-sale.resolver.ts';
import { FraudResolver } from './modules/commissions/reviews/fraud-review.resolver.ts';
import { CommissionAttributionResolver } from './modules/commissions/sales/commission-attribution.resolver.ts';
import { ConvertReferralResolver } from './modules/commissions/sales/convert-referral.resolver.ts';
import { RecordConversionResolver } from './modules/commissions/sales/record-conversion.resolver.ts';
import { RecordSaleResolver } from './modules/commissions/sales/record-sale.resolver.ts';
import {
  PlanSimulationResolver,
  SimulatedPartnerResolver,
} from './modules/commissions/simulations/simulation.resolver.ts';
import { AuditResolver } from './modules/foundation/audit/audit.resolver.ts';
import { FraudListResolver, FraudSettingsResolver } from './modules/fraud/rules/fraud-settings.resolver.ts';
import {
  AccountManagerResolver,
  PartnerManagerResolver,
} from './modules/partners/account-managers/account-manager.resolver.ts';
import { PartnerResolver } from './modules/partners/partner/partner.resolver.ts';
import { requireNotSuspended } from './modules/partners/partner/public.ts';
import { SponsorResolver } from './modules/partners/sponsors/sponsor.resolver.ts';
import { PartnerTaxIdResolver } from './modules/partners/tax-ids/tax-id.resolver.ts';
import {
  ConnectedPayoutAccountResolver,
  OnboardingResolver,
} from './modules/payouts/accounts/onboarding.resolver.ts';
import {
  PartnerPayoutAccountsResolver,
  PayoutAccountResolver,
} from './modules/payouts/accounts/payout-account.resolver.ts';
import { BankFileResolver, BankPaymentResolver } from './modules/payouts/bank-files/bank-file.resolver.ts';
import {
  BankStatusLineResolver,
  BankStatusResolver,
} from './modules/payouts/bank-files/bank-status.resolver.ts';
import {
  CommissionPayoutResolver,
  PartnerPayoutsResolver,
  PayoutResolver,
} from './modules/payouts/payout/payout.resolver.ts';
import { PartnerPayoutHoldResolver } from './modules/payouts/payout/payout-hold.resolver.ts';
import { RailEventResolver } from './modules/payouts/rail-events/rail-event.resolver.ts';
import { ReconciliationResolver } from './modules/payouts/reconciliation/reconciliation.resolver.ts';
import { RemittanceResolver } from './modules/payouts/remittances/remittance.resolver.ts';
import {
  PayoutRunPreviewResolver,
  PayoutRunResolver,
  PreviewedPartnerResolver,
} from './modules/payouts/runs/payout-run.resolver.ts';
import { RunOfPayoutResolver } from './modules/payouts/runs/run-of-payout.resolver.ts';
import { PayoutAttemptResolver } from './modules/payouts/sending/payout-attempt.resolver.ts';
import { PrivacyResolver, RequestedExportResolver } from './modules/privacy/privacy/privacy.resolver.ts';
import {
  ExchangeRateResolver,
  ProposedExchangeRateResolver,
} from './modules/programs/exchange-rates/exchange-rate.resolver.ts';
import { ProgramResolver } from './modules/programs/program/program.resolver.ts';
import { PartnerMetricsResolver } from './modules/reporting/metrics/metrics.resolver.ts';
import {
  PartnerMetricsFieldsResolver,
  ProgramMetricsResolver,
} from './modules/reporting/metrics/program-metrics.resolver.ts';
import { PartnerStatementResolver } from './modules/reporting/statements/statement.resolver.ts';
import { SubscriptionResolver } from './modules/reporting/subscriptions/subscription.resolver.ts';
import { PartnerTierResolver } from './modules/reporting/tiers/tier.resolver.ts';
import {
  CustomerAttributionResolver,
  PartnerShareResolver,
} from './modules/tracking/attribution/attribution.resolver.ts';
import { ConversionFunnelResolver } from './modules/tracking/attribution/conversion-funnel.resolver.ts';
import { CouponResolver } from './modules/tracking/coupons/coupon.resolver.ts';
import { CustomerResolver } from './modules/tracking/customers/customer.resolver.ts';
import { DealResolver } from './modules/tracking/deals/deal.resolver.ts';
import { LeadResolver } from './modules/tracking/leads/lead.resolver.ts';
import { TrackingLinkResolver } from './modules/tracking/links/tracking-link.resolver.ts';
import { ProspectResolver } from './modules/tracking/prospects/prospect.resolver.ts';
import {
  PartnerReferralsResolver,
  ReferralResolver,
} from './modules/tracking/referrals/referral.resolver.ts';
import { ReferralAttributionResolver } from './modules/tracking/referrals/referral-attribution.resolver.ts';
import { ReportedConversionResolver } from './modules/tracking/referrals/reported-conversion.resolver.ts';
import { TouchResolver } from './modules/tracking/referrals/touch.resolver.ts';
import { NodeResolver } from './node.resolver.ts';
import { stepUps, whileSuspended } from './policies/mutations.ts';

// type-graphql requires a PubSub; our subscriptions have their own `subscribe`, which listens to the change feed.
const noTopics = {
  publish: () => {},
  subscribe: (): never => {
    throw new Error('subscriptions listen to the change feed');
  },
};

/** Returns the sorted GraphQL schema, as printed in `schema.graphql`. */
export async function createSchema(): Promise<GraphQLSchema> {
  const schema = await buildSchema({
    resolvers: [
      AccountManagerResolver,
      ApiKeyResolver,
      AttributionReplayResolver,
      AuditResolver,
      BankFileResolver,
      BankPaymentResolver,
      BankStatusLineResolver,
      BankStatusResolver,
      CommissionAttributionResolver,
      CommissionExplanationResolver,
      CommissionHoldResolver,
      CommissionPayoutResolver,
      CommissionPlanResolver,
      CommissionResolver,
      CommissionRuleResolver,
      ConnectedPayoutAccountResolver,
      ConversionFunnelResolver,
      ConvertReferralResolver,
      CouponResolver,
      CreateCommissionResolver,
      CreatedApiKeyResolver,
      CustomerAttributionResolver,
      CustomerResolver,
      DisputeResolver,
      DealResolver,
      ExchangeRateResolver,
      FraudListResolver,
      FraudResolver,
      FraudSettingsResolver,
      LeadResolver,
      MemberResolver,
      NodeResolver,
      OnboardingResolver,
      PartnerCommissionsResolver,
      PartnerManagerResolver,
      PartnerMetricsFieldsResolver,
      PartnerMetricsResolver,
      PartnerPayoutAccountsResolver,
      PartnerPayoutHoldResolver,
      PartnerPayoutsResolver,
      PartnerReferralsResolver,
      PartnerResolver,
      PartnerShareResolver,
      PartnerStatementResolver,
      PartnerTaxIdResolver,
      PartnerTierResolver,
      PayoutAccountResolver,
      PayoutAttemptResolver,
      PayoutResolver,
      PayoutRunPreviewResolver,
      PayoutRunResolver,
      PlanSimulationResolver,
      PreviewedPartnerResolver,
      PrivacyResolver,
      ProposedExchangeRateResolver,
      ProspectResolver,
      ProgramMetricsResolver,
      ProgramResolver,
      RailEventResolver,
      ReconciliationResolver,
      RecordConversionResolver,
      RecordSaleResolver,
      ReferralAttributionResolver,
      ReferralCommissionsResolver,
      ReferralResolver,
      RemittanceResolver,
      ReplayedPartnerResolver,
      ReportedConversionResolver,
      RequestedExportResolver,
      RunOfPayoutResolver,
      SaleRefundResolver,
      SessionResolver,
      SimulatedPartnerResolver,
      SponsorResolver,
      SubscriptionResolver,
      TouchResolver,
      TrackingLinkResolver,
      ViewerResolver,
    ],
    scalarsMap: [{ type: Date, scalar: DateTime }],
    authChecker: ({ context, args, info }: ResolverData<Context>, permissions: Permission[]) => {
      requireAll(context.actor, permissions);
      if (info.parentType.name === 'Mutation') return mayChange(context, info.fieldName, args, permissions);
      return asksAgain(permissions) ? requireStillGranted(context, permissions).then(() => true) : true;
    },
    validateFn: validateInput,
    pubSub: noTopics,
  });
  Object.assign(schema.getQueryType() ?? {}, { description: 'Queries: they read data and change nothing.' });
  Object.assign(schema.getMutationType() ?? {}, {
    description: 'Mutations: each call is one transaction.',
  });
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {}))
    field.description = [field.description, stepUpInWords(field.name)].filter(Boolean).join(' ');
  Object.assign(schema.getSubscriptionType() ?? {}, {
    description: 'Subscriptions: live updates over WebSocket.',
  });
  // That of type-graphql would find the base class of all rows first.
  Object.assign(schema.getType('Node') ?? {}, { resolveType: (row: object) => row.constructor.name });
  return gettersAsProperties(lexicographicSortSchema(withPermissions(withNullableRoots(schema))));
}

/** Makes the fields of queries and mutations nullable: a field that fails takes no other field of its operation with it. */
function withNullableRoots(schema: GraphQLSchema): GraphQLSchema {
  for (const type of [schema.getQueryType(), schema.getMutationType()])
    for (const field of Object.values(type?.getFields() ?? {}))
      if (isNonNullType(field.type))
        Object.assign(field, {
          type: field.type.ofType,
          extensions: { ...field.extensions, isNullOnlyIfItFails: true },
        });
  return schema;
}

/** Writes the permissions of each root field beside it, so that a caller without them is refused before the operation is
 *  compiled. A field without any is public. */
function withPermissions(schema: GraphQLSchema): GraphQLSchema {
  const { queries, mutations, subscriptions } = getMetadataStorage();
  for (const [type, operations] of [
    [schema.getQueryType(), queries],
    [schema.getMutationType(), mutations],
    [schema.getSubscriptionType(), subscriptions],
  ] as const) {
    for (const { schemaName, roles } of operations) {
      const field = type?.getFields()[schemaName];
      if (field && roles) Object.assign(field, { extensions: { ...field.extensions, permissions: roles } });
    }
  }
  return schema;
}

/** What every mutation requires beside its permissions: a partner that is not suspended, and a fresh sign-in where the
 *  policies want one. */
async function mayChange(
  ctx: Context,
  mutation: string,
  args: object,
  permissions: readonly Permission[],
): Promise<true> {
  const stepUp = needsStepUp(mutation, args);
  if (stepUp || asksAgain(permissions)) await requireStillGranted(ctx, permissions);
  if (ctx.actor.partnerId !== null && !whileSuspended.has(mutation))
    await requireNotSuspended(ctx, ctx.actor.partnerId);
  if (stepUp) requireFreshSignIn(ctx.actor);
  return true;
}

/** The sentence of the schema about the sign-in that a mutation needs; null for none. */
function stepUpInWords(mutation: string): string | null {
  const stepUp = stepUps[mutation] ?? 'ALWAYS';
  const needed = 'Needs a sign-in within the last 15 minutes';
  if (stepUp === 'NEVER') return null;
  if (stepUp === 'ALWAYS') return `${needed}.`;
  return `${needed} to give ${stepUp.map((argument) => `\`${argument}\``).join(', ')}.`;
}

/** Removes the resolvers of getters. type-graphql calls a getter through its resolver machinery; without a resolver the
 *  executor reads the property directly, which is measurably faster for a page with a thousand amounts. */
function gettersAsProperties(schema: GraphQLSchema): GraphQLSchema {
  const { fieldResolvers, objectTypes } = getMetadataStorage();
  for (const { kind, target, methodName } of fieldResolvers) {
    if (kind !== 'internal' || !Object.getOwnPropertyDescriptor(target.prototype, methodName)?.get) continue;
    for (const { name } of objectTypes.filter((type) => type.target === target)) {
      const field = (schema.getType(name) as GraphQLObjectType).getFields()[methodName];
      if (field) delete field.resolve;
    }
  }
  return schema;
}
