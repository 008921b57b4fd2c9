-- migrate:up
CREATE TABLE items (id bigserial PRIMARY KEY, name text NOT NULL);

-- migrate:down
DROP TABLE items;
