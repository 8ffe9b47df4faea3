-- Links committed audit entries to the hash chain of their tenant, at most at_most of them. One caller at a time.
-- Runs as the owner, so that no role needs the right to write a link; a caller can only link entries that exist.
create or replace function link_audit_events(at_most int) returns int
language plpgsql security definer
set search_path = pg_catalog, public, pg_temp
as $$
declare
  entry record;
  tenant text;
  seq bigint;
  last bytea;
  prev bytea;
  linked int := 0;
begin
  perform pg_advisory_xact_lock(7022612);
  for entry in
    with taken as (
      delete from audit_unlinked
      where event_id in (select event_id from audit_unlinked order by event_id limit at_most) returning event_id)
    select e.id, e.tenant_id, audit_event_hash(e) as event_hash
    from taken join audit_events e on e.id = taken.event_id order by e.tenant_id, e.id
  loop
    if tenant is distinct from entry.tenant_id then
      tenant := entry.tenant_id;
      select l.seq, l.hash into seq, last from audit_links l where l.tenant_id = tenant order by l.seq desc limit 1;
      if not found then
        seq := 0;
        last := decode(repeat('00', 32), 'hex');
      end if;
    end if;
    seq := seq + 1;
    prev := last;
    last := sha256(prev || int8send(seq) || entry.event_hash);
    insert into audit_links (tenant_id, seq, event_id, event_hash, prev_hash, hash)
    values (tenant, seq, entry.id, entry.event_hash, prev, last);
    linked := linked + 1;
  end loop;
  return linked;
end
$$;

revoke execute on function link_audit_events(int) from public;
grant execute on function link_audit_events(int) to partner_portal_api;
