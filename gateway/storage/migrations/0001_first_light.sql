-- SPDX-License-Identifier: Apache-2.0
-- First schema. Times named _ms are labels of the wall clock; numbers are dense from 0.

CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    label TEXT NOT NULL,
    state INTEGER NOT NULL,
    claim_sha256 BLOB,
    claim_us INTEGER NOT NULL,
    claim_attempts INTEGER NOT NULL,
    certificate_serial BLOB,
    certificate_until_ms INTEGER NOT NULL,
    desired_version INTEGER NOT NULL,
    reported_version INTEGER NOT NULL,
    assignments BLOB NOT NULL,
    capability BLOB,
    reported BLOB NOT NULL,
    added_ms INTEGER NOT NULL,
    revoked_ms INTEGER NOT NULL
) STRICT;

-- One row per decision stream: everything below next_sequence is a row of decision or in a gap.
CREATE TABLE stream (
    number INTEGER PRIMARY KEY,
    device INTEGER NOT NULL,
    id INTEGER NOT NULL,
    boot_epoch INTEGER NOT NULL,
    next_sequence INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    gap_count INTEGER NOT NULL,
    hashes BLOB NOT NULL
) STRICT;

-- Append only. No index but the row number: duplicates are kept out by stream.next_sequence.
CREATE TABLE decision (
    number INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    boot_epoch INTEGER NOT NULL,
    ticks INTEGER NOT NULL,
    task INTEGER NOT NULL,
    release INTEGER NOT NULL,
    class INTEGER NOT NULL,
    confidence INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    energy_uj INTEGER NOT NULL,
    received_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE gap (
    number INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    until_sequence INTEGER NOT NULL,
    noted_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE task (
    task INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    labels BLOB NOT NULL,
    privacy INTEGER NOT NULL
) STRICT;

CREATE TABLE release (
    number INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    release INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    task INTEGER NOT NULL,
    source_bytes INTEGER NOT NULL,
    restores INTEGER,
    note TEXT NOT NULL,
    imported_ms INTEGER NOT NULL,
    UNIQUE (model, release)
) STRICT;

-- The manifest as signed, and what it states in columns.
CREATE TABLE variant (
    release INTEGER NOT NULL,
    position INTEGER NOT NULL,
    manifest BLOB NOT NULL,
    signature BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    device_class TEXT NOT NULL,
    runtime_abi INTEGER NOT NULL,
    model_digest BLOB NOT NULL,
    model_bytes INTEGER NOT NULL,
    arena_bytes INTEGER NOT NULL,
    operators BLOB NOT NULL,
    input_bytes INTEGER NOT NULL,
    output_classes INTEGER NOT NULL,
    decoder_ram_bytes INTEGER NOT NULL,
    decoder_profile INTEGER NOT NULL,
    self_tests BLOB NOT NULL,
    data_digest BLOB NOT NULL,
    accuracy_permyriad INTEGER NOT NULL,
    PRIMARY KEY (release, position)
) STRICT;

CREATE TABLE artifact (
    release INTEGER NOT NULL,
    variant INTEGER NOT NULL,
    position INTEGER NOT NULL,
    digest BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    block_bytes INTEGER NOT NULL,
    list_digest BLOB NOT NULL,
    base_digest BLOB,
    PRIMARY KEY (release, variant, position)
) STRICT;

-- Content-addressed bytes: artifacts, models, edge models.
CREATE TABLE blob (
    number INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE edge_model (
    task INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    name TEXT NOT NULL,
    input_bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE policy (
    task INTEGER NOT NULL,
    device_class TEXT NOT NULL,
    policy INTEGER NOT NULL,
    content BLOB NOT NULL,
    signature BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    PRIMARY KEY (task, device_class)
) STRICT;

CREATE TABLE rollout (
    id INTEGER PRIMARY KEY,
    release INTEGER NOT NULL,
    task INTEGER NOT NULL,
    target INTEGER NOT NULL,
    status INTEGER NOT NULL,
    undoes INTEGER,
    actor TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE rollout_device (
    rollout INTEGER NOT NULL,
    device INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    detail INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    blocks_held INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    PRIMARY KEY (rollout, device)
) STRICT, WITHOUT ROWID;

-- Each row's hash covers the row before it.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE incident (
    number INTEGER PRIMARY KEY,
    device INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    detail TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;

-- For people with a SQL prompt: decisions with their device's id.
CREATE VIEW decision_of_device AS
SELECT decision.number, device.id AS device, stream.id AS stream, decision.sequence,
       decision.task, decision.release, decision.class, decision.confidence,
       decision.outcome / 16 AS tier, decision.outcome % 16 AS policy_reason,
       decision.energy_uj, decision.received_ms
FROM decision
JOIN stream ON stream.number = decision.stream
JOIN device ON device.number = stream.device;
