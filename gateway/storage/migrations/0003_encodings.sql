-- SPDX-License-Identifier: Apache-2.0
-- A release has many encodings; what a decoder must have is theirs, no longer the manifest's.
ALTER TABLE artifact ADD COLUMN decoder_profile INTEGER NOT NULL DEFAULT 0;
ALTER TABLE artifact ADD COLUMN decoder_ram_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE artifact SET (decoder_profile, decoder_ram_bytes) =
    (SELECT v.decoder_profile, v.decoder_ram_bytes FROM variant v
     WHERE v.release = artifact.release AND v.position = artifact.variant);
ALTER TABLE variant DROP COLUMN decoder_ram_bytes;
ALTER TABLE variant DROP COLUMN decoder_profile;
