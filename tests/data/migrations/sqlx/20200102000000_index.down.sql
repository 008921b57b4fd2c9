-- no-transaction
DROP INDEX CONCURRENTLY items_name;
