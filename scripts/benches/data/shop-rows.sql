-- The rows, about 31 for each of :users. The same number gives the same rows: nothing random, no clock.
SET timezone = 'UTC';
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.pick(words text[], n bigint) RETURNS text LANGUAGE sql IMMUTABLE
  RETURN words[1 + abs(n) % cardinality(words)];
CREATE FUNCTION pg_temp.given(n bigint) RETURNS text LANGUAGE sql IMMUTABLE RETURN pg_temp.pick(
  '{Amelia,Bernd,Carla,Dario,Elif,Farid,Greta,Hanna,Igor,Jana,Kofi,Lena,Marek,Nadia,Otto,Paula,Quentin,Rosa,Sven,Tilda,Umut,Vera,Wanda,Xenia,Yusuf,Zora}', n);
CREATE FUNCTION pg_temp.family(n bigint) RETURNS text LANGUAGE sql IMMUTABLE RETURN pg_temp.pick(
  '{Abendroth,Baumgart,Castellani,Drechsler,Engelbrecht,Feldkamp,Grimaldi,Hohenfels,Ivanovic,Jankowski,Kaltenbach,Lindqvist,Montague,Niederegger,Ostrowski,Pellegrini,Quarenghi,Rosenbaum,Sattler,Trautwein,Ulbricht,Vandenberg,Wittelsbach,Zimmerling}', n);
CREATE FUNCTION pg_temp.person(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
  RETURN pg_temp.given(n * 7) || ' ' || pg_temp.family(n / 26 + n) || ' ' || upper(substr(md5(n::text), 1, 3));
CREATE FUNCTION pg_temp.email(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
  RETURN lower(pg_temp.given(n * 7)) || '.' || lower(pg_temp.family(n / 26 + n)) || n || '@mail' || n % 40 || '.example';
CREATE FUNCTION pg_temp.words(n bigint, count int) RETURNS text LANGUAGE sql IMMUTABLE
  RETURN left(repeat(pg_temp.pick('{parcel arrived on monday ,please call before noon ,the colour differs a little ,very pleased with it ,invoice number is missing ,leave it with the neighbours }', n), 1 + count / 20)
    || pg_temp.pick('{thanks again,see you soon,best wishes,many greetings,as agreed}', n * 3) || ' ' || substr(md5(n::text), 1, 10), count);
-- A multiplier without small factors scatters the references.
CREATE FUNCTION pg_temp.one_of(n bigint, count bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
  RETURN 1 + (n * 1103515245 + 12345) % greatest(count, 1);
CREATE FUNCTION pg_temp.moment(n bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
  RETURN timestamptz '2025-01-01 00:00:00+00' + (n * 7919 % 31535000) * interval '1 second';

INSERT INTO organisations (name, owner_id, contact, settings, created_at)
SELECT pg_temp.family(i) || ' Trading ' || i, pg_temp.one_of(i, :users), pg_temp.email(pg_temp.one_of(i, :users)),
  jsonb_build_object('plan', pg_temp.pick('{free,team,enterprise}', i), 'billing', jsonb_build_object('email', pg_temp.email(pg_temp.one_of(i, :users)), 'net', 30)),
  pg_temp.moment(i)
FROM generate_series(1::bigint, greatest(:users / 10, 1)) AS i;

INSERT INTO users (email, full_name, phone, password_hash, birth_date, org_id, invited_by, profile, interests, last_ip, created_at, active)
SELECT pg_temp.email(i), pg_temp.person(i), '+49 1' || 50 + i % 29 || ' ' || lpad((i * 7919 % 100000000)::text, 8, '0'),
  '$2b$12$' || md5(i::text) || substr(md5((i + 1)::text), 1, 21), date '1950-01-01' + (i * 37 % 20000)::int,
  CASE WHEN i % 4 = 0 THEN pg_temp.one_of(i, greatest(:users / 10, 1)) END,
  CASE WHEN i > 1 AND i % 3 = 0 THEN 1 + i * 7919 % (i - 1) END,
  jsonb_build_object('name', pg_temp.person(i), 'theme', pg_temp.pick('{dark,light}', i), 'emails', jsonb_build_array(pg_temp.email(i)),
    'phone', '+49 1' || 50 + i % 29 || ' ' || lpad((i * 7919 % 100000000)::text, 8, '0'), 'visits', i % 400),
  ARRAY[pg_temp.pick('{garden,music,books,tools}', i), pg_temp.pick('{travel,sports,food}', i / 3)],
  ('203.0.' || i / 250 % 250 || '.' || 1 + i % 250)::inet, pg_temp.moment(i), i % 17 <> 0
FROM generate_series(1::bigint, :users) AS i;

INSERT INTO addresses (user_id, street, city, postcode, country)
SELECT 1 + i % :users, pg_temp.family(i * 3) || 'strasse ' || i % 180 + 1, pg_temp.pick('{Berlin,Hamburg,Wien,Bern,Basel,Graz,Kiel,Ulm}', i),
  lpad((i * 7919 % 99999)::text, 5, '0'), pg_temp.pick('{DE,AT,CH}', i)
FROM generate_series(1::bigint, :users * 3 / 2) AS i;

INSERT INTO categories (parent_id, name)
SELECT CASE WHEN i > 10 THEN 1 + i % 10 END, 'category ' || i FROM generate_series(1::bigint, 200) AS i;
INSERT INTO products (category_id, sku, name, description, price, attributes)
SELECT 1 + i % 200, 'SKU-' || lpad(i::text, 8, '0'), 'product ' || i, 'built to last, size ' || i % 40 || ', item ' || md5('product' || i), (i * 7 % 9900 + 99) / 100.0,
  jsonb_build_object('weight', i % 900, 'colour', pg_temp.pick('{red,green,blue,grey}', i))
FROM generate_series(1::bigint, greatest(:users / 10, 1)) AS i;
INSERT INTO coupons SELECT 'SAVE' || lpad(i::text, 6, '0'), 5 + i % 40, date '2026-01-01' + (i % 300)::int FROM generate_series(1::bigint, 500) AS i;

INSERT INTO orders (user_id, address_id, contact_email, status, total, note, placed_at)
SELECT u, CASE WHEN i % 5 > 0 THEN pg_temp.one_of(i, :users * 3 / 2) END, pg_temp.email(u),
  (ARRAY['new', 'paid', 'sent', 'returned']::order_status[])[1 + i % 4], (i * 13 % 90000) / 100.0,
  CASE WHEN i % 6 = 0 THEN pg_temp.words(i, 60) END, pg_temp.moment(i)
FROM generate_series(1::bigint, :users * 5) AS i, LATERAL (SELECT pg_temp.one_of(i, :users)) AS pick (u);
INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
SELECT 1 + i / 2, 1 + i % 2, pg_temp.one_of(i, greatest(:users / 10, 1)), 1 + i % 5, (i * 7 % 9900 + 99) / 100.0
FROM generate_series(0::bigint, :users * 10 - 1) AS i;
INSERT INTO order_coupons SELECT i * 50, 'SAVE' || lpad((1 + i % 500)::text, 6, '0') FROM generate_series(1::bigint, :users / 10) AS i;
INSERT INTO item_notes (order_id, line, kind)
SELECT i * 25, 1 + i % 2, pg_temp.pick('{gift,fragile,urgent}', i) FROM generate_series(1::bigint, :users / 5) AS i;
INSERT INTO payments
SELECT md5(i::text)::uuid, i, o.contact_email,
  CASE WHEN i % 2 = 0 THEN '4' || lpad((i * 7919 % 1000000000000000)::text, 15, '0') END,
  CASE WHEN i % 2 = 1 THEN 'DE' || 10 + i % 89 || lpad((i * 7919 % 1000000000000000000)::text, 18, '0') END,
  o.total, o.placed_at + interval '1 hour'
FROM (SELECT id AS i, * FROM orders ORDER BY id) AS o;

INSERT INTO events
SELECT i, CASE WHEN i % 9 > 0 THEN u END, pg_temp.pick('{view,click,login,search}', i),
  ('198.51.' || i / 250 % 250 || '.' || 1 + i % 250)::inet,
  CASE WHEN i % 4 = 2 THEN jsonb_build_object('path', '/login', 'email', pg_temp.email(u)) ELSE jsonb_build_object('path', '/p/' || i % 5000, 'ms', i % 900) END,
  pg_temp.moment(i)
FROM generate_series(1::bigint, :users * 3) AS i, LATERAL (SELECT pg_temp.one_of(i, :users)) AS pick (u);
INSERT INTO messages (sender_id, recipient_id, reply_to, subject, body, sent_at)
SELECT pg_temp.one_of(i, :users), CASE WHEN i % 7 > 0 THEN pg_temp.one_of(i * 3, :users) END, CASE WHEN i % 2 = 0 THEN i / 2 END,
  pg_temp.words(i, 24), 'Dear ' || pg_temp.person(pg_temp.one_of(i * 3, :users)) || ', ' || pg_temp.words(i, 120)
    || CASE WHEN i % 5 = 0 THEN ' write to ' || pg_temp.email(pg_temp.one_of(i, :users)) ELSE '' END, pg_temp.moment(i)
FROM generate_series(1::bigint, :users * 2) AS i;
INSERT INTO reviews (user_id, product_id, stars, body)
SELECT pg_temp.one_of(i, :users), pg_temp.one_of(i * 5, greatest(:users / 10, 1)), 1 + i % 5, pg_temp.words(i, 90)
FROM generate_series(1::bigint, :users) AS i;
INSERT INTO sessions
SELECT md5('session' || i)::uuid, pg_temp.one_of(i, :users), ('192.0.' || i / 250 % 250 || '.' || 1 + i % 250)::inet,
  'Mozilla/5.0 (X11; Linux x86_64) rv:' || 90 + i % 40, pg_temp.moment(i)
FROM generate_series(1::bigint, :users) AS i;
INSERT INTO audit_log (actor_id, action, detail, at)
SELECT CASE WHEN i % 8 > 0 THEN u END, pg_temp.pick('{create,update,delete,login}', i),
  jsonb_build_object('field', 'email', 'old', pg_temp.email(u), 'new', pg_temp.email(u), 'row', i), pg_temp.moment(i)
FROM generate_series(1::bigint, :users) AS i, LATERAL (SELECT pg_temp.one_of(i, :users)) AS pick (u);
INSERT INTO settings SELECT 'feature.' || i, CASE WHEN i % 2 = 0 THEN 'on' ELSE 'off' END FROM generate_series(1::bigint, 40) AS i;
