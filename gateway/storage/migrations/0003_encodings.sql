-- SPDX-License-Identifier: Apache-2.0
-- A release has many encodings; what a decoder must have is theirs, no longer the manifest's.
-- Streams of the codec's version 1 cannot be decoded any more: such releases are imported again.
DELETE FROM artifact;
ALTER TABLE artifact ADD COLUMN decoder_profile INTEGER NOT NULL DEFAULT 0;
ALTER TABLE artifact ADD COLUMN decoder_ram_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE variant DROP COLUMN decoder_ram_bytes;
ALTER TABLE variant DROP COLUMN decoder_profile;
