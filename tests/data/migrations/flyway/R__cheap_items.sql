CREATE OR REPLACE VIEW cheap_items AS SELECT id, name FROM items WHERE price < 1;
