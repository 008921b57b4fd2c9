-- Revert shop:items from pg
BEGIN;
DROP TABLE items;
COMMIT;
