CREATE FUNCTION migrate() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  ALTER TABLE orders ALTER COLUMN id TYPE bigint;
END $$;
SELECT migrate();
DROP FUNCTION migrate();
