import { Migration } from '@mikro-orm/migrations';

export class Migration20261122101435_tables extends Migration {

  override name = 'Migration20261122101435_tables';

  override up(): void | Promise<void> {
    this.addSql(`create table "affiliate_configs" ("partner_id" uuid not null, "tenant_id" text not null, "cookie_days" int not null default 30, "first_purchase_only" boolean not null default false, "recurring_months" int null, "minimum_purchase_minor" bigint null, "minimum_purchase_currency" text null, primary key ("partner_id"));`);

    this.addSql(`create table "audit_events" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "actor_id" text not null, "actor_role" text not null, "request_id" text not null, "action" text not null, "subject_id" uuid not null, "details" jsonb not null, primary key ("id"));`);

    this.addSql(`create table "commissions" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "partner_id" uuid not null, "customer_id" uuid null, "referral_id" uuid null, "conversion_id" uuid null, "reverses_id" uuid null, "type" text not null, "method" text not null, "status" text not null, "base_minor" bigint not null, "base_currency" text not null, "rate_bps" int null, "rate_source" text null, "tier" text not null, "per_unit_minor" bigint null, "quantity" int null, "rounding_mode" text not null, "amount_minor" bigint not null, "amount_currency" text not null, "revenue_minor" bigint not null, "source" text not null, "subscription_id" text null, "occurred_at" timestamptz(3) not null, "hold_until" timestamptz(3) null, "approved_at" timestamptz(3) null, "approved_by" text null, "reason" text null, "created_by" text null, "metadata" jsonb not null, "updated_at" timestamptz(3) not null default now(), primary key ("id"));`);
    this.addSql(`alter table "commissions" add constraint "commissions_type_check" check ("type" in ('SIGNUP', 'RECURRING', 'RENEWAL', 'UPGRADE', 'ONE_TIME', 'BONUS', 'REVERSAL'));`);
    this.addSql(`alter table "commissions" add constraint "commissions_method_check" check ("method" in ('PERCENTAGE', 'FLAT'));`);
    this.addSql(`alter table "commissions" add constraint "commissions_status_check" check ("status" in ('PENDING', 'APPROVED', 'ALLOCATED', 'PAID', 'REJECTED', 'REVERSED'));`);
    this.addSql(`alter table "commissions" add constraint "commissions_rate_source_check" check ("rate_source" in ('LINE', 'PARTNER', 'TIER'));`);
    this.addSql(`alter table "commissions" add constraint "commissions_tier_check" check ("tier" in ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND'));`);
    this.addSql(`alter table "commissions" add constraint "commissions_rounding_mode_check" check ("rounding_mode" in ('HALF_UP', 'HALF_EVEN', 'DOWN'));`);

    this.addSql(`create table "conversions" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "partner_id" uuid not null, "referral_id" uuid not null, "customer_id" uuid not null, "order_id" text null, "subscription_id" text null, "source" text not null, "amount_minor" bigint not null, "amount_currency" text not null, "occurred_at" timestamptz(3) not null, primary key ("id"));`);

    this.addSql(`create table "customers" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "external_id" text not null, "email" text null, "partner_id" uuid null, "bound_at" timestamptz(3) null, primary key ("id"));`);

    this.addSql(`create table "idempotency_keys" ("tenant_id" text not null, "actor_id" text not null, "operation" text not null, "key" text not null, "request_hash" text not null, "result_id" uuid not null, "created_at" timestamptz(3) not null default now(), primary key ("tenant_id", "actor_id", "operation", "key"));`);

    this.addSql(`create table "partners" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "partner_type" text not null, "status" text not null, "tier" text not null, "company_name" text not null, "contact_name" text null, "email" text not null, "referral_code" text not null, "rate_bps" int null, "currency" text not null, "payout_frequency" text not null, "payout_method" text null, "contract_start_date" date null, "metadata" jsonb not null, "deleted_at" timestamptz(3) null, "updated_at" timestamptz(3) not null default now(), primary key ("id"));`);
    this.addSql(`alter table "partners" add constraint "partners_partner_type_check" check ("partner_type" in ('RESELLER', 'AFFILIATE', 'REFERRAL', 'WHITE_LABEL'));`);
    this.addSql(`alter table "partners" add constraint "partners_status_check" check ("status" in ('PENDING', 'ACTIVE', 'INACTIVE', 'SUSPENDED'));`);
    this.addSql(`alter table "partners" add constraint "partners_tier_check" check ("tier" in ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND'));`);
    this.addSql(`alter table "partners" add constraint "partners_payout_frequency_check" check ("payout_frequency" in ('WEEKLY', 'BIWEEKLY', 'MONTHLY', 'QUARTERLY'));`);
    this.addSql(`alter table "partners" add constraint "partners_payout_method_check" check ("payout_method" in ('BANK_TRANSFER', 'PAYPAL', 'STRIPE', 'RAZORPAY'));`);

    this.addSql(`create table "partner_history" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "partner_id" uuid not null, "status" text not null, "tier" text not null, "effective_at" timestamptz(3) not null, primary key ("id"));`);
    this.addSql(`alter table "partner_history" add constraint "partner_history_status_check" check ("status" in ('PENDING', 'ACTIVE', 'INACTIVE', 'SUSPENDED'));`);
    this.addSql(`alter table "partner_history" add constraint "partner_history_tier_check" check ("tier" in ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND'));`);

    this.addSql(`create table "partner_metrics_daily" ("partner_id" uuid not null, "day" date not null, "source" text not null, "currency" text not null, "tenant_id" text not null, "clicks" bigint not null default '0', "conversions" bigint not null default '0', "orders" bigint not null default '0', "customers" bigint not null default '0', "revenue_minor" bigint not null default '0', "earned_minor" bigint not null default '0', "paid_minor" bigint not null default '0', primary key ("partner_id", "day", "source", "currency"));`);

    this.addSql(`create table "partner_metrics" ("partner_id" uuid not null, "currency" text not null, "tenant_id" text not null, "clicks" bigint not null default '0', "conversions" bigint not null default '0', "orders" bigint not null default '0', "customers" bigint not null default '0', "revenue_minor" bigint not null default '0', "earned_minor" bigint not null default '0', "paid_minor" bigint not null default '0', "updated_at" timestamptz(3) not null default now(), primary key ("partner_id", "currency"));`);

    this.addSql(`create table "payouts" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "partner_id" uuid not null, "run_id" uuid null, "status" text not null default 'PENDING', "method" text not null, "period_start" date not null, "period_end" date not null, "amount_minor" bigint not null, "amount_currency" text not null, "commission_count" int not null, "provider_reference" text null, "failure_reason" text null, "attempts" int not null default 0, "created_by" text not null, "initiated_by" text not null, "approved_by" text null, "approved_at" timestamptz(3) null, "paid_at" timestamptz(3) null, "released_at" timestamptz(3) null, "metadata" jsonb not null, "updated_at" timestamptz(3) not null default now(), primary key ("id"));`);
    this.addSql(`alter table "payouts" add constraint "payouts_status_check" check ("status" in ('PENDING', 'APPROVED', 'PROCESSING', 'PAID', 'FAILED', 'CANCELED', 'RETURNED'));`);
    this.addSql(`alter table "payouts" add constraint "payouts_method_check" check ("method" in ('BANK_TRANSFER', 'PAYPAL', 'STRIPE', 'RAZORPAY'));`);

    this.addSql(`create table "payout_attempts" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "payout_id" uuid not null, "number" int not null, "status" text not null default 'SENDING', "key" text not null, "tries" int not null default 0, "lease_token" uuid null, "lease_until" timestamptz(3) null, "provider_reference" text null, "failure_code" text null, "failure_reason" text null, primary key ("id"));`);
    this.addSql(`alter table "payout_attempts" add constraint "payout_attempts_status_check" check ("status" in ('SENDING', 'UNKNOWN', 'SENT', 'CONFIRMED', 'FAILED'));`);

    this.addSql(`create table "payout_items" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "payout_id" uuid not null, "commission_id" uuid not null, "voided_at" timestamptz(3) null, primary key ("id"));`);

    this.addSql(`create table "payout_runs" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "as_of" timestamptz(3) not null, "frequency" text null, "payout_count" int not null, "created_by" text not null, "skipped" jsonb not null, primary key ("id"));`);
    this.addSql(`alter table "payout_runs" add constraint "payout_runs_frequency_check" check ("frequency" in ('WEEKLY', 'BIWEEKLY', 'MONTHLY', 'QUARTERLY'));`);

    this.addSql(`create table "postings" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "partner_id" uuid not null, "reference" text not null, "from_account" text not null, "to_account" text not null, "amount_minor" bigint not null, "amount_currency" text not null, primary key ("id"));`);

    this.addSql(`create table "programs" ("tenant_id" text not null, "currency" text not null default 'USD', "time_zone" text not null default 'UTC', "rounding_mode" text not null default 'HALF_UP', "flat_refund" text not null default 'PROPORTIONAL', "hold_days" int not null default 30, "minimum_payout_minor" bigint not null default '0', "created_at" timestamptz(3) not null default now(), "updated_at" timestamptz(3) not null default now(), primary key ("tenant_id"));`);
    this.addSql(`alter table "programs" add constraint "programs_rounding_mode_check" check ("rounding_mode" in ('HALF_UP', 'HALF_EVEN', 'DOWN'));`);
    this.addSql(`alter table "programs" add constraint "programs_flat_refund_check" check ("flat_refund" in ('PROPORTIONAL', 'ALL_OR_NOTHING'));`);

    this.addSql(`create table "referrals" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "partner_id" uuid not null, "referral_code" text not null, "visitor_id" uuid not null, "landing_url" text null, "referrer_url" text null, "source" text not null, "ip_hash" text null, "user_agent" text null, "clicked_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "converted_at" timestamptz(3) null, "customer_id" uuid null, "metadata" jsonb not null, primary key ("id"));`);

    this.addSql(`create table "reseller_configs" ("partner_id" uuid not null, "tenant_id" text not null, "manages_customers" boolean not null default true, "manages_billing" boolean not null default false, "pricing_authority_bps" int not null default 0, "countries" text[] not null, "products" text[] not null, "minimum_order_minor" bigint null, "minimum_order_currency" text null, "credit_limit_minor" bigint null, "credit_limit_currency" text null, primary key ("partner_id"));`);

    this.addSql(`create table "partner_tier_configs" ("id" uuid not null, "tenant_id" text not null, "created_at" timestamptz(3) not null default now(), "tier" text not null, "min_monthly_revenue_minor" bigint not null, "min_monthly_revenue_currency" text not null, "min_customers" int not null, "rate_bps" int not null, "api_calls_per_hour" int not null, "dedicated_manager" boolean not null, "benefits" text[] not null, primary key ("id"));`);
    this.addSql(`alter table "partner_tier_configs" add constraint "partner_tier_configs_tier_check" check ("tier" in ('BRONZE', 'SILVER', 'GOLD', 'PLATINUM', 'DIAMOND'));`);

    this.addSql(`create table "white_label_configs" ("partner_id" uuid not null, "tenant_id" text not null, "brand_name" text not null, "logo_url" text null, "favicon_url" text null, "primary_color" text null, "secondary_color" text null, "accent_color" text null, "domain" text null, "hide_fin_aceverse_branding" boolean not null default false, primary key ("partner_id"));`);
  }

}
