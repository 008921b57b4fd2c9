ALTER TABLE parcels_new ADD PRIMARY KEY (id);
