DO $$
BEGIN
  EXECUTE 'ALTER TABLE ' || 'customers' || ' ALTER COLUMN visits TYPE bigint';
END $$;
