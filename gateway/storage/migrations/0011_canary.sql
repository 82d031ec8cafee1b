-- SPDX-License-Identifier: Apache-2.0
-- What labelled samples said of pairs of device and edge model: figures, never samples. Learning
-- begins from it, also after a restart, until a person sets another policy of the task.
CREATE TABLE canary (
    task INTEGER NOT NULL,
    model BLOB NOT NULL,
    edge_model BLOB NOT NULL,
    state BLOB NOT NULL,
    figures TEXT NOT NULL,
    actor TEXT NOT NULL,
    saved_ms INTEGER NOT NULL,
    PRIMARY KEY (task, model, edge_model)
) STRICT;
