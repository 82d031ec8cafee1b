-- SPDX-License-Identifier: Apache-2.0
-- Devices that a cell of the learner does not learn from, 4 bytes each; and how much of its share
-- of escalations a group, or a device (not -1) of it, has used, in 1/1000 of one.
CREATE TABLE doubted (
    task INTEGER NOT NULL,
    device_class TEXT NOT NULL,
    model BLOB NOT NULL,
    edge_model BLOB NOT NULL,
    devices BLOB NOT NULL,
    PRIMARY KEY (task, device_class, model, edge_model)
) STRICT;

CREATE TABLE share (
    task INTEGER NOT NULL,
    group_name TEXT NOT NULL,
    device INTEGER NOT NULL,
    length_permille INTEGER NOT NULL,
    PRIMARY KEY (task, group_name, device)
) STRICT;
