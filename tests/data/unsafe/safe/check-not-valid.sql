ALTER TABLE customers ADD CONSTRAINT visits_positive CHECK (visits >= 0) NOT VALID;
