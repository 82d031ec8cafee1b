-- SPDX-License-Identifier: Apache-2.0
-- Every policy ever set, and how far the newest of each task has come. What is in force stays in
-- table policy; the version there is the number here.
CREATE TABLE policy_version (
    task INTEGER NOT NULL,
    version INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    source INTEGER NOT NULL,
    release TEXT NOT NULL,
    text TEXT NOT NULL,
    digest BLOB NOT NULL,
    actor TEXT NOT NULL,
    comment TEXT NOT NULL,
    set_ms INTEGER NOT NULL,
    PRIMARY KEY (task, version)
) STRICT;

CREATE TABLE policy_part (
    task INTEGER NOT NULL,
    version INTEGER NOT NULL,
    device_class TEXT NOT NULL,
    content BLOB NOT NULL,
    signature BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    PRIMARY KEY (task, version, device_class)
) STRICT;

CREATE TABLE policy_rollout (
    task INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    baseline INTEGER NOT NULL,
    steps BLOB NOT NULL,
    step INTEGER NOT NULL,
    status INTEGER NOT NULL,
    halt INTEGER NOT NULL,
    actor TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL
) STRICT;
