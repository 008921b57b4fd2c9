DO $$ BEGIN CREATE INDEX IF NOT EXISTS orders_note ON orders (note); END $$;
