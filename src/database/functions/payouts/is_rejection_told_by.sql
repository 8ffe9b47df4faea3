-- Returns whether the bank rejected a payment, as this actor imported.
create or replace function is_rejection_told_by(payment bank_payments, by_actor text) returns boolean
language sql stable
as $$
  select payment.status = 'REJECTED' and exists (
    select from bank_status_lines n join bank_status_imports i on i.id = n.import_id
    where n.payment_id = payment.id and n.word = 'REJECTED' and n.outcome = 'APPLIED' and may_be_one(i.created_by, by_actor))
$$;
