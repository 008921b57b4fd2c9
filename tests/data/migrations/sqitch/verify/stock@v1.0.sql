-- Verify shop:stock on pg
SELECT stock();
