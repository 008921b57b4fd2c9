BEGIN;
ALTER TABLE customers ADD COLUMN tier int;
UPDATE customers SET tier = 1 WHERE id <= 2000;
COMMIT;
