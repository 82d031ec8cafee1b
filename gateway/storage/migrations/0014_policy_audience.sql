-- SPDX-License-Identifier: Apache-2.0
-- Policies of single devices ('device:NAME') and of the devices with one label ('label:TEXT'); ''
-- is the whole device class. A withdrawn one stays until its devices have had something newer.
ALTER TABLE policy_version ADD COLUMN audience TEXT NOT NULL DEFAULT '';

CREATE TABLE policy_of_audience (
    task INTEGER NOT NULL,
    device_class TEXT NOT NULL,
    policy INTEGER NOT NULL,
    content BLOB NOT NULL,
    signature BLOB NOT NULL,
    key_id INTEGER NOT NULL,
    group_share_permille INTEGER NOT NULL,
    audience TEXT NOT NULL,
    is_withdrawn INTEGER NOT NULL,
    PRIMARY KEY (task, device_class, audience)
) STRICT;
INSERT INTO policy_of_audience
SELECT task, device_class, policy, content, signature, key_id, group_share_permille, '', 0
FROM policy;
DROP TABLE policy;
ALTER TABLE policy_of_audience RENAME TO policy;

CREATE TABLE learning_of_audience (
    task INTEGER NOT NULL,
    device_class TEXT NOT NULL,
    model BLOB NOT NULL,
    edge_model BLOB NOT NULL,
    state BLOB NOT NULL,
    saved_ms INTEGER NOT NULL,
    audience TEXT NOT NULL,
    PRIMARY KEY (task, device_class, model, edge_model, audience)
) STRICT;
INSERT INTO learning_of_audience
SELECT task, device_class, model, edge_model, state, saved_ms, '' FROM learning;
DROP TABLE learning;
ALTER TABLE learning_of_audience RENAME TO learning;

CREATE TABLE doubted_of_audience (
    task INTEGER NOT NULL,
    device_class TEXT NOT NULL,
    model BLOB NOT NULL,
    edge_model BLOB NOT NULL,
    devices BLOB NOT NULL,
    audience TEXT NOT NULL,
    PRIMARY KEY (task, device_class, model, edge_model, audience)
) STRICT;
INSERT INTO doubted_of_audience
SELECT task, device_class, model, edge_model, devices, '' FROM doubted;
DROP TABLE doubted;
ALTER TABLE doubted_of_audience RENAME TO doubted;
