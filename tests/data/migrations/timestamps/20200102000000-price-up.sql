ALTER TABLE items ADD COLUMN price numeric; ALTER TABLE items ADD CHECK (price > 0);
