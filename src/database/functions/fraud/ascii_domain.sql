-- Returns a domain in lower case and in the form of the name system (`xn--` and Punycode, RFC 3492, for other scripts), which
-- is the form of stored addresses.
create or replace function ascii_domain(domain text) returns text
language plpgsql immutable strict parallel safe
as $$
declare
  plain text := replace(lower(normalize(domain, NFKC)), '。', '.');
  digits constant text := 'abcdefghijklmnopqrstuvwxyz0123456789';
  labels text[] := '{}';
  label text;
  encoded text;
  codes int[];
  code int;
  basic int;
  handled int;
  least_code int;
  last_code int;
  delta int;
  bias int;
  rest int;
  k int;
  threshold int;
begin
  if octet_length(plain) = char_length(plain) then return plain; end if;
  foreach label in array string_to_array(plain, '.') loop
    -- A longer label is no part of a name, and is not worth the time.
    if octet_length(label) > char_length(label) and char_length(label) <= 63 then
      codes := array(select ascii(c) from regexp_split_to_table(label, '') with ordinality l (c, at) order by at);
      encoded := regexp_replace(label, '[^\x01-\x7f]', '', 'g');
      basic := char_length(encoded);
      if basic > 0 then encoded := encoded || '-'; end if;
      handled := basic;
      last_code := 128;
      delta := 0;
      bias := 72;
      while handled < cardinality(codes) loop
        select min(c) into least_code from unnest(codes) c where c >= last_code;
        delta := delta + (least_code - last_code) * (handled + 1);
        last_code := least_code;
        foreach code in array codes loop
          if code < last_code then delta := delta + 1; end if;
          if code = last_code then
            rest := delta;
            k := 36;
            loop
              threshold := least(greatest(k - bias, 1), 26);
              exit when rest < threshold;
              encoded := encoded || substr(digits, threshold + (rest - threshold) % (36 - threshold) + 1, 1);
              rest := (rest - threshold) / (36 - threshold);
              k := k + 36;
            end loop;
            encoded := encoded || substr(digits, rest + 1, 1);
            delta := case when handled = basic then delta / 700 else delta / 2 end;
            delta := delta + delta / (handled + 1);
            k := 0;
            while delta > 455 loop
              delta := delta / 35;
              k := k + 36;
            end loop;
            bias := k + 36 * delta / (delta + 38);
            delta := 0;
            handled := handled + 1;
          end if;
        end loop;
        delta := delta + 1;
        last_code := last_code + 1;
      end loop;
      label := 'xn--' || encoded;
    end if;
    labels := labels || label;
  end loop;
  return array_to_string(labels, '.');
end
$$;
