-- Creates the partitions of touches for a number of months.
create or replace function make_touch_months(first date, months int) returns void
language plpgsql
as $$
declare month date; name text;
begin
  for i in 0..months - 1 loop
    month := (date_trunc('month', first) + i * interval '1 month')::date;
    name := 'm' || to_char(month, 'YYYYMM');
    continue when to_regclass('touches_by_month.' || name) is not null;
    execute format('create table touches_by_month.%I (like touches including defaults including constraints)', name);
    execute format($q$with moved as (
        delete from touches_by_month.other
          where clicked_at >= %1$L::timestamptz and clicked_at < %2$L::timestamptz returning *)
      insert into touches_by_month.%3$I select * from moved$q$,
      month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC', name);
    execute format('alter table touches attach partition touches_by_month.%I for values from (%L) to (%L)', name,
      month::timestamp at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
  end loop;
end
$$;

revoke execute on function make_touch_months(date, int) from public;
