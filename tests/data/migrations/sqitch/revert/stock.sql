-- Revert shop:stock from pg
BEGIN;
CREATE OR REPLACE FUNCTION stock() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM items';
COMMIT;
