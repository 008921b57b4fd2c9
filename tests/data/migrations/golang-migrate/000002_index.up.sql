CREATE INDEX CONCURRENTLY items_lower ON items (lower(name));
