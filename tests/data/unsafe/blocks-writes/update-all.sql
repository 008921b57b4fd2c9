UPDATE orders SET state = 'closed';
