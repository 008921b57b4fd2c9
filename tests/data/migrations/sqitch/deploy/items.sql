-- Deploy shop:items to pg
\set ON_ERROR_STOP on
BEGIN;
CREATE TABLE items (id bigserial PRIMARY KEY, name text NOT NULL);
COMMIT;
