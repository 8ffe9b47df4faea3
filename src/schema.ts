import 'reflect-metadata';
import { type GraphQLObjectType, type GraphQLSchema, lexicographicSortSchema } from 'graphql';
import { buildSchema, getMetadataStorage } from 'type-graphql';
import type { Permission } from './kernel/actor.ts';
import type { Context } from './kernel/context.ts';
import { asksAgain, requireAll, requireStillGranted } from './kernel/permission.ts';
import { DateTime } from './kernel/scalars.ts';
import { validateInput } from './kernel/validate-input.ts';
import {
  AccountManagerResolver,
  PartnerManagerResolver,
} from './modules/account-managers/account-manager.resolver.ts';
import { ApiKeyResolver, CreatedApiKeyResolver } from './modules/api-keys/api-key.resolver.ts';
import {
  CommissionAttributionResolver,
  CustomerAttributionResolver,
  PartnerShareResolver,
  ReferralAttributionResolver,
} from './modules/attribution/attribution.resolver.ts';
import {
  AttributionReplayResolver,
  ConversionFunnelResolver,
  ReplayedPartnerResolver,
} from './modules/attribution/replay.resolver.ts';
import { AuditResolver } from './modules/audit/audit.resolver.ts';
import { BankFileResolver, BankPaymentResolver } from './modules/bank-files/bank-file.resolver.ts';
import { BankStatusLineResolver, BankStatusResolver } from './modules/bank-files/bank-status.resolver.ts';
import {
  CommissionResolver,
  PartnerCommissionsResolver,
  ReferralCommissionsResolver,
} from './modules/commissions/commission.resolver.ts';
import { ConvertReferralResolver } from './modules/commissions/convert-referral.resolver.ts';
import { CommissionExplanationResolver } from './modules/commissions/explain.resolver.ts';
import { CommissionHoldResolver } from './modules/commissions/hold.resolver.ts';
import { RecordConversionResolver } from './modules/commissions/record-conversion.resolver.ts';
import { RecordSaleResolver } from './modules/commissions/record-sale.resolver.ts';
import { SaleRefundResolver } from './modules/commissions/refund-sale.resolver.ts';
import { CouponResolver } from './modules/coupons/coupon.resolver.ts';
import { CustomerResolver } from './modules/customers/customer.resolver.ts';
import { DealResolver } from './modules/deals/deal.resolver.ts';
import { ExchangeRateResolver } from './modules/exchange-rates/exchange-rate.resolver.ts';
import { FraudListResolver, FraudResolver } from './modules/fraud/fraud.resolver.ts';
import { LeadResolver } from './modules/leads/lead.resolver.ts';
import { TrackingLinkResolver } from './modules/links/tracking-link.resolver.ts';
import { MemberResolver } from './modules/members/member.resolver.ts';
import { PartnerMetricsResolver } from './modules/metrics/metrics.resolver.ts';
import {
  PartnerMetricsFieldsResolver,
  ProgramMetricsResolver,
} from './modules/metrics/program-metrics.resolver.ts';
import { PartnerResolver } from './modules/partners/partner.resolver.ts';
import {
  ConnectedPayoutAccountResolver,
  OnboardingResolver,
} from './modules/payout-accounts/onboarding.resolver.ts';
import {
  PartnerPayoutAccountsResolver,
  PayoutAccountResolver,
} from './modules/payout-accounts/payout-account.resolver.ts';
import {
  CommissionPayoutResolver,
  PartnerPayoutsResolver,
  PayoutResolver,
} from './modules/payouts/payout.resolver.ts';
import { PayoutAttemptResolver } from './modules/payouts/payout-attempt.resolver.ts';
import {
  PartnerPayoutHoldResolver,
  PayoutRunPreviewResolver,
  PayoutRunResolver,
  PreviewedPartnerResolver,
} from './modules/payouts/payout-run.resolver.ts';
import { CommissionPlanResolver, CommissionRuleResolver } from './modules/plans/plan.resolver.ts';
import { PrivacyResolver, RequestedExportResolver } from './modules/privacy/privacy.resolver.ts';
import { ProgramResolver } from './modules/programs/program.resolver.ts';
import { RailEventResolver } from './modules/rail-events/rail-event.resolver.ts';
import { ReconciliationResolver } from './modules/reconciliation/reconciliation.resolver.ts';
import { PartnerReferralsResolver, ReferralResolver } from './modules/referrals/referral.resolver.ts';
import { ReportedConversionResolver } from './modules/referrals/reported-conversion.resolver.ts';
import { TouchResolver } from './modules/referrals/touch.resolver.ts';
import { RemittanceResolver } from './modules/remittances/remittance.resolver.ts';
import { SessionResolver } from './modules/sessions/session.resolver.ts';
import {
  PlanSimulationResolver,
  SimulatedPartnerResolver,
} from './modules/simulations/simulation.resolver.ts';
import { SponsorResolver } from './modules/sponsors/sponsor.resolver.ts';
import { PartnerStatementResolver } from './modules/statements/statement.resolver.ts';
import { SubscriptionResolver } from './modules/subscriptions/subscription.resolver.ts';
import { PartnerTaxIdResolver } from './modules/tax-ids/tax-id.resolver.ts';
import { PartnerTierResolver } from './modules/tiers/tier.resolver.ts';

// type-graphql asks for one; ours bring their own `subscribe`, which listens to the change feed.
const noTopics = {
  publish: () => {},
  subscribe: (): never => {
    throw new Error('subscriptions listen to the change feed');
  },
};

/** The graph, sorted: what `schema.graphql` prints. */
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
      CreatedApiKeyResolver,
      CustomerAttributionResolver,
      CustomerResolver,
      DealResolver,
      ExchangeRateResolver,
      FraudListResolver,
      FraudResolver,
      LeadResolver,
      MemberResolver,
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
      SaleRefundResolver,
      SessionResolver,
      SimulatedPartnerResolver,
      SponsorResolver,
      SubscriptionResolver,
      TouchResolver,
      TrackingLinkResolver,
    ],
    scalarsMap: [{ type: Date, scalar: DateTime }],
    authChecker: ({ context }: { context: Context }, permissions: Permission[]) => {
      requireAll(context.actor, permissions);
      return asksAgain(permissions) ? requireStillGranted(context, permissions).then(() => true) : true;
    },
    validateFn: validateInput,
    pubSub: noTopics,
  });
  Object.assign(schema.getQueryType() ?? {}, { description: 'What can be asked.' });
  Object.assign(schema.getMutationType() ?? {}, {
    description: 'What can be done; each call is one transaction.',
  });
  Object.assign(schema.getSubscriptionType() ?? {}, { description: 'What is pushed, over WebSocket.' });
  return gettersAsProperties(lexicographicSortSchema(schema));
}

/** type-graphql calls a getter through its resolver machinery. Without a resolver the executor reads it as the property
 *  that it is, which a screen of a thousand amounts notices. */
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
