UPDATE orders SET note = 'n' WHERE id BETWEEN 1 AND 500;
