ALTER TABLE customers DROP COLUMN legacy;
