import 'reflect-metadata';
import { ReflectMetadataProvider } from '@mikro-orm/decorators/legacy';
import { Migrator } from '@mikro-orm/migrations';
import { defineConfig } from '@mikro-orm/postgresql';
import { MoneyColumn } from './src/kernel/money.column.ts';
import { AccountManager, ManagerAssignment } from './src/modules/account-managers/account-manager.entity.ts';
import { ApiKey } from './src/modules/api-keys/api-key.entity.ts';
import { AuditEvent, AuditPersonal } from './src/modules/audit/audit-event.entity.ts';
import { BankFile } from './src/modules/bank-files/bank-file.entity.ts';
import { BankPayment } from './src/modules/bank-files/bank-payment.entity.ts';
import { BankStatusImport, BankStatusLine } from './src/modules/bank-files/bank-status.entity.ts';
import { Commission } from './src/modules/commissions/commission.entity.ts';
import { CommissionHold } from './src/modules/commissions/commission-hold.entity.ts';
import { Sale } from './src/modules/commissions/sale.entity.ts';
import { SaleRefund } from './src/modules/commissions/sale-refund.entity.ts';
import { Coupon } from './src/modules/coupons/coupon.entity.ts';
import { Customer } from './src/modules/customers/customer.entity.ts';
import { DataKeyRow } from './src/modules/data-keys/data-key.entity.ts';
import { Deal } from './src/modules/deals/deal.entity.ts';
import { ExchangeRate } from './src/modules/exchange-rates/exchange-rate.entity.ts';
import { FraudListEntry } from './src/modules/fraud/fraud-list-entry.entity.ts';
import { FraudReview } from './src/modules/fraud/fraud-review.entity.ts';
import { IdempotencyKey } from './src/modules/idempotency/idempotency-key.entity.ts';
import { Lead } from './src/modules/leads/lead.entity.ts';
import { PostingRow } from './src/modules/ledger/posting.entity.ts';
import { TrackingLink } from './src/modules/links/tracking-link.entity.ts';
import { Invitation } from './src/modules/members/invitation.entity.ts';
import { Member } from './src/modules/members/member.entity.ts';
import {
  PartnerMetricsBy,
  PartnerMetricsDay,
  PartnerMetricsRow,
  ProgramMetricsChange,
  ProgramMetricsDay,
} from './src/modules/metrics/partner-metrics.entity.ts';
import { Partner } from './src/modules/partners/partner.entity.ts';
import {
  AffiliateConfig,
  ResellerConfig,
  WhiteLabelConfig,
} from './src/modules/partners/partner-config.entity.ts';
import { PartnerHistory } from './src/modules/partners/partner-history.entity.ts';
import { PayoutAccount } from './src/modules/payout-accounts/payout-account.entity.ts';
import { Payout, PayoutItem } from './src/modules/payouts/payout.entity.ts';
import { PayoutAttempt } from './src/modules/payouts/payout-attempt.entity.ts';
import { PayoutHold } from './src/modules/payouts/payout-hold.entity.ts';
import { PayoutRun, SkippedPartner } from './src/modules/payouts/payout-run.entity.ts';
import { CommissionPlan, PlanMembership } from './src/modules/plans/commission-plan.entity.ts';
import { CommissionRule } from './src/modules/plans/commission-rule.entity.ts';
import { Erasure } from './src/modules/privacy/erasure.entity.ts';
import { PersonExport } from './src/modules/privacy/person-export.entity.ts';
import { Program } from './src/modules/programs/program.entity.ts';
import { TierConfig } from './src/modules/programs/tier-config.entity.ts';
import { TierConfigVersion } from './src/modules/programs/tier-config-version.entity.ts';
import { RailEvent } from './src/modules/rail-events/rail-event.entity.ts';
import { Reconciliation } from './src/modules/reconciliation/reconciliation.entity.ts';
import { ReconciliationDifference } from './src/modules/reconciliation/reconciliation-difference.entity.ts';
import { Conversion } from './src/modules/referrals/conversion.entity.ts';
import { Referral } from './src/modules/referrals/referral.entity.ts';
import { SignedOutToken } from './src/modules/sessions/signed-out-token.entity.ts';
import { PlanSimulation } from './src/modules/simulations/plan-simulation.entity.ts';
import { Sponsorship } from './src/modules/sponsors/sponsorship.entity.ts';
import { CustomerSubscription } from './src/modules/subscriptions/subscription.entity.ts';
import { TaxId } from './src/modules/tax-ids/tax-id.entity.ts';
import { TierEvaluation, TierLock } from './src/modules/tiers/tier-evaluation.entity.ts';

/** The application gives `clientUrl`; this one only serves `mikro-orm migration:create` and `migration:check`. */
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
