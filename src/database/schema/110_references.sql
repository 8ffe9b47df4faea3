-- Foreign keys to tables that are created later.

alter table postings
  add constraint postings_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred;

alter table audit_events
  add constraint audit_events_program foreign key (tenant_id) references programs (tenant_id);

alter table idempotency_keys
  add constraint idempotency_keys_program foreign key (tenant_id) references programs (tenant_id);

alter table data_keys
  add constraint data_keys_tenant_id_partner_id_fkey foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred;

alter table members
  add constraint members_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred;

alter table invitations
  add constraint invitations_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred;

alter table api_keys
  add constraint api_keys_partner_id foreign key (tenant_id, partner_id)
    references partners (tenant_id, id) deferrable initially deferred;

alter table fraud_hits
  add constraint fraud_hits_review_id foreign key (tenant_id, review_id) references fraud_reviews (tenant_id, id);

alter table fraud_reviews
  add constraint fraud_reviews_hold_id_fkey foreign key (tenant_id, hold_id) references commission_holds (tenant_id, id),
  add constraint fraud_reviews_commission_id foreign key (tenant_id, commission_id)
    references commissions (tenant_id, id) deferrable initially deferred;

alter table commissions
  add constraint commissions_carried_by foreign key (tenant_id, carried_by)
    references payouts (tenant_id, id) deferrable initially deferred;
