-- The sum of amounts in minor units. sum(bigint) adds up as numeric, which takes several times as long. An overflow fails in
-- both.
create or replace aggregate total(bigint) (sfunc = int8pl, stype = bigint, combinefunc = int8pl, parallel = safe);
