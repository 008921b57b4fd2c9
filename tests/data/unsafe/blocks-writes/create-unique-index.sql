CREATE UNIQUE INDEX customers_name ON customers (name);
