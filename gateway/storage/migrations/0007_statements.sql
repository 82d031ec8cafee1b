-- SPDX-License-Identifier: Apache-2.0
-- What the author of a bundle signed about the release and how it came to be, as it was signed;
-- null for releases this site signed. And how small a variant is without what no interpreter reads.
ALTER TABLE release ADD COLUMN statement BLOB;
ALTER TABLE release ADD COLUMN statement_signature BLOB;
ALTER TABLE release ADD COLUMN statement_key_id INTEGER;
ALTER TABLE variant ADD COLUMN stripped_bytes INTEGER NOT NULL DEFAULT 0;
