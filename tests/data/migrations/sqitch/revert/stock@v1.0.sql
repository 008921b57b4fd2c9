-- Revert shop:stock from pg
BEGIN;
DROP FUNCTION stock();
COMMIT;
