-- Deploy shop:stock to pg
BEGIN;
CREATE OR REPLACE FUNCTION stock() RETURNS bigint LANGUAGE sql AS 'SELECT count(DISTINCT name) FROM items';
COMMIT;
