ALTER TABLE customers ADD CONSTRAINT phone_once UNIQUE USING INDEX customers_phone;
