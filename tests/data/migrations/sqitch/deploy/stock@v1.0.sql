-- Deploy shop:stock to pg
BEGIN;
CREATE FUNCTION stock() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM items';
COMMIT;
