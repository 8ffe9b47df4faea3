-- Rights of the API on the tables of access, and which rows they cover.

select protect('members', 'select, insert, update', 'partner_id');

select protect('invitations', 'select, insert, update', 'partner_id');

select protect('api_keys', 'select, insert, update', 'partner_id');

-- A fingerprint does not identify a person, so every session may read it.
grant select, insert, delete on signed_out_tokens to partner_portal_api;
