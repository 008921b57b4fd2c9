ALTER TABLE customers ADD CONSTRAINT name_once UNIQUE (name);
