import 'reflect-metadata';
import { ReflectMetadataProvider } from '@mikro-orm/decorators/legacy';
import { Migrator } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import { MoneyColumn } from './src/kernel/data/money.column.ts';
import { ApiKey } from './src/modules/access/api-keys/api-key.entity.ts';
import { Invitation } from './src/modules/access/members/invitation.entity.ts';
import { Member } from './src/modules/access/members/member.entity.ts';
import { SignedOutToken } from './src/modules/access/sessions/signed-out-token.entity.ts';
import { Commission } from './src/modules/commissions/commission/commission.entity.ts';
import { CommissionHold } from './src/modules/commissions/commission/commission-hold.entity.ts';
import { CommissionPlan, PlanMembership } from './src/modules/commissions/plans/commission-plan.entity.ts';
import { CommissionRule } from './src/modules/commissions/plans/commission-rule.entity.ts';
import { SaleRefund } from './src/modules/commissions/refunds/sale-refund.entity.ts';
import { FraudReview } from './src/modules/commissions/reviews/fraud-review.entity.ts';
import { Sale } from './src/modules/commissions/sales/sale.entity.ts';
import { PlanSimulation } from './src/modules/commissions/simulations/plan-simulation.entity.ts';
import { AuditEvent, AuditPersonal } from './src/modules/foundation/audit/audit-event.entity.ts';
import { DataKeyRow } from './src/modules/foundation/data-keys/data-key.entity.ts';
import { IdempotencyKey } from './src/modules/foundation/idempotency/idempotency-key.entity.ts';
import { PostingRow } from './src/modules/foundation/ledger/posting.entity.ts';
import { FraudListEntry } from './src/modules/fraud/rules/fraud-list-entry.entity.ts';
import {
  AccountManager,
  ManagerAssignment,
} from './src/modules/partners/account-managers/account-manager.entity.ts';
import { Partner } from './src/modules/partners/partner/partner.entity.ts';
import {
  AffiliateConfig,
  ResellerConfig,
  WhiteLabelConfig,
} from './src/modules/partners/partner/partner-config.entity.ts';
import { PartnerHistory } from './src/modules/partners/partner/partner-history.entity.ts';
import { Sponsorship } from './src/modules/partners/sponsors/sponsorship.entity.ts';
import { TaxId } from './src/modules/partners/tax-ids/tax-id.entity.ts';
import { PayoutAccount } from './src/modules/payouts/accounts/payout-account.entity.ts';
import { BankFile } from './src/modules/payouts/bank-files/bank-file.entity.ts';
import { BankPayment } from './src/modules/payouts/bank-files/bank-payment.entity.ts';
import { BankStatusImport, BankStatusLine } from './src/modules/payouts/bank-files/bank-status.entity.ts';
import { Payout, PayoutItem } from './src/modules/payouts/payout/payout.entity.ts';
import { PayoutHold } from './src/modules/payouts/payout/payout-hold.entity.ts';
import { RailEvent } from './src/modules/payouts/rail-events/rail-event.entity.ts';
import { Reconciliation } from './src/modules/payouts/reconciliation/reconciliation.entity.ts';
import { ReconciliationDifference } from './src/modules/payouts/reconciliation/reconciliation-difference.entity.ts';
import { PayoutRun, SkippedPartner } from './src/modules/payouts/runs/payout-run.entity.ts';
import { PayoutAttempt } from './src/modules/payouts/sending/payout-attempt.entity.ts';
import { Erasure } from './src/modules/privacy/privacy/erasure.entity.ts';
import { PersonExport } from './src/modules/privacy/privacy/person-export.entity.ts';
import { ExchangeRate } from './src/modules/programs/exchange-rates/exchange-rate.entity.ts';
import { ProposedExchangeRate } from './src/modules/programs/exchange-rates/proposed-rate.entity.ts';
import { Program } from './src/modules/programs/program/program.entity.ts';
import { TierConfig } from './src/modules/programs/program/tier-config.entity.ts';
import { TierConfigVersion } from './src/modules/programs/program/tier-config-version.entity.ts';
import {
  PartnerMetricsBy,
  PartnerMetricsDay,
  PartnerMetricsRow,
  ProgramMetricsChange,
  ProgramMetricsDay,
} from './src/modules/reporting/metrics/partner-metrics.entity.ts';
import { CustomerSubscription } from './src/modules/reporting/subscriptions/subscription.entity.ts';
import { TierEvaluation, TierLock } from './src/modules/reporting/tiers/tier-evaluation.entity.ts';
import { Coupon } from './src/modules/tracking/coupons/coupon.entity.ts';
import { Customer } from './src/modules/tracking/customers/customer.entity.ts';
import { Deal } from './src/modules/tracking/deals/deal.entity.ts';
import { Lead } from './src/modules/tracking/leads/lead.entity.ts';
import { TrackingLink } from './src/modules/tracking/links/tracking-link.entity.ts';
import { Conversion } from './src/modules/tracking/referrals/conversion.entity.ts';
import { Referral } from './src/modules/tracking/referrals/referral.entity.ts';

/** The entities and how migrations run. The application gives the URL of its database. */
export default defineConfig({
  clientUrl: 'postgresql://localhost/portal',
  entities: [
    AccountManager,
    AffiliateConfig,
    ApiKey,
    AuditEvent,
    AuditPersonal,
    BankFile,
    BankPayment,
    BankStatusImport,
    BankStatusLine,
    Commission,
    CommissionHold,
    Sale,
    SaleRefund,
    CommissionPlan,
    CommissionRule,
    Conversion,
    Customer,
    Erasure,
    DataKeyRow,
    ExchangeRate,
    FraudListEntry,
    FraudReview,
    IdempotencyKey,
    Invitation,
    ManagerAssignment,
    Sponsorship,
    Member,
    MoneyColumn,
    Partner,
    PartnerHistory,
    CustomerSubscription,
    PartnerMetricsBy,
    PartnerMetricsDay,
    PartnerMetricsRow,
    ProgramMetricsChange,
    ProgramMetricsDay,
    Payout,
    PayoutAccount,
    PayoutAttempt,
    PayoutItem,
    PayoutRun,
    PayoutHold,
    SkippedPartner,
    PersonExport,
    PlanMembership,
    PlanSimulation,
    PostingRow,
    Program,
    ProposedExchangeRate,
    RailEvent,
    Reconciliation,
    ReconciliationDifference,
    Referral,
    ResellerConfig,
    TaxId,
    SignedOutToken,
    TierConfig,
    TierConfigVersion,
    TierEvaluation,
    TierLock,
    Coupon,
    Deal,
    Lead,
    TrackingLink,
    WhiteLabelConfig,
  ],
  metadataProvider: ReflectMetadataProvider,
  extensions: [Migrator],
  migrations: { path: './dist/migrations', pathTs: './migrations', allOrNothing: true, transactional: true },
});
