CLUSTER orders USING orders_state;
