-- SPDX-License-Identifier: Apache-2.0
-- What the gateway learned of when asking the edge pays, and the answered escalations it learned
-- from: contexts, classes and chances, never inputs. Only the newest million are kept.
CREATE TABLE learning (
    task INTEGER NOT NULL,
    device_class TEXT NOT NULL,
    model BLOB NOT NULL,
    edge_model BLOB NOT NULL,
    state BLOB NOT NULL,
    saved_ms INTEGER NOT NULL,
    PRIMARY KEY (task, device_class, model, edge_model)
) STRICT;

CREATE TABLE observation (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    device INTEGER NOT NULL,
    task INTEGER NOT NULL,
    release INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    local_confidence INTEGER NOT NULL,
    local_class INTEGER NOT NULL,
    edge_class INTEGER NOT NULL,
    edge_chance INTEGER NOT NULL,
    local_chance INTEGER NOT NULL,
    is_audit INTEGER NOT NULL,
    is_in_time INTEGER NOT NULL,
    propensity INTEGER NOT NULL,
    price INTEGER NOT NULL,
    load INTEGER NOT NULL,
    edge_model INTEGER NOT NULL
) STRICT;
