-- Verify shop:items on pg
BEGIN;
SELECT id, name FROM items WHERE FALSE;
ROLLBACK;
