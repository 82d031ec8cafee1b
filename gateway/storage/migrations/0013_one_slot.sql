-- SPDX-License-Identifier: Apache-2.0
-- How far a delta reads back, which what has one slot must know; deltas of before may read anything
-- and count as reading all. Every device so far has two slots: 2 and 0 in front of what it can do.
ALTER TABLE artifact ADD COLUMN base_lag_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE artifact SET base_lag_bytes = 4294967295 WHERE base_digest IS NOT NULL;
UPDATE device SET capability = CAST(x'0200000000000000' || capability AS BLOB)
    WHERE capability IS NOT NULL;
