-- SPDX-License-Identifier: Apache-2.0
-- 1: revoked, but not known that the broker has closed its connection. Of earlier revocations
-- nobody knows, so each is confirmed once more.
ALTER TABLE device ADD COLUMN kick_pending INTEGER NOT NULL DEFAULT 0;
UPDATE device SET kick_pending = 1 WHERE state = 3;
