-- SPDX-License-Identifier: Apache-2.0
-- What a variant keeps between inferences and how much it computes; a device now says what its
-- firmware gives a task, and says all of it again in its next hello.
ALTER TABLE variant ADD COLUMN state_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE variant ADD COLUMN multiply_accumulates INTEGER NOT NULL DEFAULT 0;
UPDATE device SET reported = x'';
