-- The key of the job that sends a payout: a payout has at most one waiting.
create or replace function send_payout_key(payout_id uuid) returns text
language sql immutable
as $$ select 'send_payout:' || payout_id $$;

-- Adds the job that sends a payout, or asks the rail for its status. A job that waits is never postponed, because news may
-- have started it.
create or replace function enqueue_send_payout(payout_id uuid, delay_seconds float8 default 0) returns void
language sql
as $$
  select enqueue_job('send_payout', json_build_object('payoutId', payout_id), send_payout_key(payout_id),
    least(delay_seconds, job_runs_in(send_payout_key(payout_id))))
$$;
