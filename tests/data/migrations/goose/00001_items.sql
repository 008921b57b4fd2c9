-- +goose Up
CREATE TABLE items (id bigserial PRIMARY KEY, name text NOT NULL, changed timestamptz);
-- +goose StatementBegin
CREATE FUNCTION touch() RETURNS trigger AS $$
BEGIN
  NEW.changed := now();
  RETURN NEW;
END;
$$ LANGUAGE plpgsql;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION touch();
DROP TABLE items;
