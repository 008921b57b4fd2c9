DROP VIEW best;
