# The same columns as in masking.yml, for pg_anon: an SQL expression each.
{
  "dictionary": [
    {"schema": "public", "table": "organisations", "fields": {
      "contact": "(anon_funcs.digest(contact, 'salt', 'md5') || '@staging.local')",
      "settings": "(jsonb_set(settings, '{billing,email}', to_jsonb(md5(settings #>> '{billing,email}') || '@staging.local')))"
    }},
    {"schema": "public", "table": "users", "fields": {
      "email": "(anon_funcs.digest(email, 'salt', 'md5') || '@staging.local')",
      "full_name": "(left(anon_funcs.digest(full_name, 'salt', 'md5'), 20))",
      "phone": "('+49 1' || left(translate(md5(phone), 'abcdef', '123456'), 10))",
      "password_hash": "(md5(password_hash))",
      "birth_date": "(birth_date + 17)",
      "profile": "(jsonb_build_object('theme', profile -> 'theme', 'visits', profile -> 'visits', 'name', md5(profile ->> 'name'), 'phone', md5(profile ->> 'phone'), 'emails', jsonb_build_array(md5(profile #>> '{emails,0}') || '@staging.local')))",
      "last_ip": "(inet '10.0.0.1' + (hashtext(host(last_ip)) & 65535))"
    }},
    {"schema": "public", "table": "addresses", "fields": {
      "street": "(left(md5(street), 20))",
      "city": "(left(md5(city), 8))",
      "postcode": "(left(md5(postcode), 5))"
    }},
    {"schema": "public", "table": "orders", "fields": {
      "contact_email": "(anon_funcs.digest(contact_email, 'salt', 'md5') || '@staging.local')",
      "note": "(repeat('x', length(note)))"
    }},
    {"schema": "public", "table": "payments", "fields": {
      "payer_email": "(anon_funcs.digest(payer_email, 'salt', 'md5') || '@staging.local')",
      "card": "(left(translate(md5(card), 'abcdef', '123456'), 16))",
      "iban": "('DE' || left(translate(md5(iban), 'abcdef', '123456'), 20))"
    }},
    {"schema": "public", "table": "messages", "fields": {
      "subject": "(repeat('x', length(subject)))",
      "body": "(repeat('x', length(body)))"
    }},
    {"schema": "public", "table": "reviews", "fields": {
      "body": "(repeat('x', length(body)))"
    }},
    {"schema": "public", "table": "sessions", "fields": {
      "token": "(md5(token::text)::uuid)",
      "ip": "(inet '10.0.0.1' + (hashtext(host(ip)) & 65535))"
    }},
    {"schema": "public", "table": "audit_log", "fields": {
      "detail": "(detail || jsonb_build_object('old', md5(detail ->> 'old') || '@staging.local', 'new', md5(detail ->> 'new') || '@staging.local'))"
    }},
    {"schema_mask": "public", "table_mask": "^events_", "fields": {
      "ip": "(inet '10.0.0.1' + (hashtext(host(ip)) & 65535))",
      "payload": "(CASE WHEN payload ? 'email' THEN payload || jsonb_build_object('email', md5(payload ->> 'email') || '@staging.local') ELSE payload END)"
    }}
  ]
}
