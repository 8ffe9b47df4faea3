-- Sets updated_at.
create or replace function touch() returns trigger
language plpgsql
as $$
begin
  new.updated_at := now();
  return new;
end
$$;

create or replace trigger touch before update on commissions for each row execute function touch();
create or replace trigger touch before update on partners for each row execute function touch();
create or replace trigger touch before update on payout_runs for each row execute function touch();
create or replace trigger touch before update on payouts for each row execute function touch();
create or replace trigger touch before update on programs for each row execute function touch();
