BEGIN;
CREATE TABLE notes (id int PRIMARY KEY, customer_id int NOT NULL, body text);
INSERT INTO notes SELECT i, i, 'n' FROM generate_series(1, 3000) i;
CREATE INDEX notes_customer ON notes (customer_id);
ALTER TABLE notes ALTER COLUMN body SET NOT NULL;
COMMIT;
