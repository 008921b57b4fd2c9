ALTER TABLE customers ALTER COLUMN phone TYPE text;
