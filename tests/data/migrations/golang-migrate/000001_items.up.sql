CREATE TABLE items (id bigserial PRIMARY KEY, name text NOT NULL);
CREATE INDEX items_name ON items (name);
