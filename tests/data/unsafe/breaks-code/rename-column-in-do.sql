DO $$ BEGIN ALTER TABLE customers RENAME COLUMN phone TO telephone; END $$;
