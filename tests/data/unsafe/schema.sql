-- The database that every case of this folder is applied to. Tables have rows, as production has.
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE FUNCTION net(total numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT total / 1.2';
CREATE TABLE customers (
  id int PRIMARY KEY, name text NOT NULL, email text, phone varchar(20), mood mood NOT NULL DEFAULT 'ok',
  legacy text, retired text, visits int NOT NULL DEFAULT 0, balance numeric(10,2) NOT NULL DEFAULT 0,
  seen_at timestamptz NOT NULL DEFAULT '2024-01-01 10:00Z', details json
);
INSERT INTO customers (id, name, email, phone, legacy, visits, balance)
  SELECT i, 'customer ' || i, 'c' || (i % 4900) || '@staging.local', '0' || i, 'x' || i, i, i / 100.0 FROM generate_series(1, 5000) i;
CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, total numeric(10,2), state text, note text);
INSERT INTO orders SELECT i, 1 + i % 5000, i, 'open', NULL FROM generate_series(1, 8000) i;
CREATE INDEX orders_state ON orders (state);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE TABLE parcels (id int NOT NULL, day int NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE parcels_old PARTITION OF parcels FOR VALUES FROM (0) TO (100);
INSERT INTO parcels SELECT i, i % 100 FROM generate_series(1, 2000) i;
CREATE TABLE parcels_new (id int NOT NULL, day int NOT NULL);
INSERT INTO parcels_new SELECT i, 100 + i % 100 FROM generate_series(1, 2000) i;
CREATE TABLE parcels_checked (id int NOT NULL, day int NOT NULL, CHECK (day >= 200 AND day < 300));
INSERT INTO parcels_checked SELECT i, 200 + i % 100 FROM generate_series(1, 2000) i;
ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total > 0) NOT VALID;
ALTER TABLE orders ADD CONSTRAINT note_short CHECK (state IS NOT NULL);
CREATE MATERIALIZED VIEW sales AS SELECT customer_id, sum(total) AS total FROM orders GROUP BY 1;
CREATE UNIQUE INDEX sales_customer ON sales (customer_id);
CREATE UNIQUE INDEX customers_phone ON customers (phone);
CREATE VIEW best AS SELECT id, name FROM customers WHERE retired IS NULL;
CREATE TABLE empty_one (id int PRIMARY KEY);
ANALYZE;
