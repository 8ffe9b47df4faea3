-- Makes a table append-only.
create or replace function refuse_change() returns trigger
language plpgsql
as $$
begin
  raise exception 'The table % is append-only.', tg_table_name using errcode = 'integrity_constraint_violation';
end
$$;

create or replace trigger append_only before update or delete on attribution_shares
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on audit_events
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on audit_links
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on bank_status_imports
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on bank_status_lines
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on commission_rules
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on customer_assignments
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on erasures
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on exchange_rates
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on partner_history
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on plan_memberships
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on postings
  for each row execute function refuse_change();
create or replace trigger append_only before update or delete on sales for each row execute function refuse_change();
create or replace trigger append_only before update or delete on tier_config_versions
  for each row execute function refuse_change();
create or replace trigger append_only_whole before truncate on audit_events
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on audit_links
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on bank_status_imports
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on bank_status_lines
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on commission_rules
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on erasures
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on exchange_rates
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on partner_history
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on plan_memberships
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on postings
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on sales
  for each statement execute function refuse_change();
create or replace trigger append_only_whole before truncate on tier_config_versions
  for each statement execute function refuse_change();
create or replace trigger never_changed before update on audit_personal for each row execute function refuse_change();
create or replace trigger never_deleted before delete on api_keys for each row execute function refuse_change();
create or replace trigger never_deleted before delete on commission_holds
  for each row execute function refuse_change();
create or replace trigger never_deleted before delete on commissions for each row execute function refuse_change();
create or replace trigger never_deleted before delete on fraud_hits for each row execute function refuse_change();
create or replace trigger never_deleted before delete on fraud_list_entries
  for each row execute function refuse_change();
create or replace trigger never_deleted before delete on fraud_reviews for each row execute function refuse_change();
create or replace trigger never_deleted before delete on payout_attempts for each row execute function refuse_change();
create or replace trigger never_deleted before delete on payout_items for each row execute function refuse_change();
create or replace trigger never_deleted before delete on payouts for each row execute function refuse_change();
create or replace trigger never_deleted before delete on proposed_rates
  for each row execute function refuse_change();
create or replace trigger never_deleted before delete on sale_refunds for each row execute function refuse_change();
create or replace trigger never_emptied before truncate on audit_personal
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on commission_holds
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on commissions
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on fraud_hits
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on fraud_list_entries
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on fraud_reviews
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on payout_attempts
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on payout_items
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on payouts for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on proposed_rates
  for each statement execute function refuse_change();
create or replace trigger never_emptied before truncate on sale_refunds
  for each statement execute function refuse_change();
