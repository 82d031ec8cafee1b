-- SPDX-License-Identifier: Apache-2.0
-- What devices say they spent. part 0: boots that are over, added up; 1: the boot that runs, whose
-- stream and epoch tell when it becomes part 0. A device's total is the sum of its two rows.
CREATE TABLE energy (
    device INTEGER NOT NULL,
    part INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    boot_epoch INTEGER NOT NULL,
    inference_uj INTEGER NOT NULL,
    decisions_uj INTEGER NOT NULL,
    updates_uj INTEGER NOT NULL,
    escalations_uj INTEGER NOT NULL,
    other_uj INTEGER NOT NULL,
    inference_bytes INTEGER NOT NULL,
    decisions_bytes INTEGER NOT NULL,
    updates_bytes INTEGER NOT NULL,
    escalations_bytes INTEGER NOT NULL,
    raw_uj INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    avoided_uj INTEGER NOT NULL,
    avoided_bytes INTEGER NOT NULL,
    inferences INTEGER NOT NULL,
    PRIMARY KEY (device, part)
) STRICT, WITHOUT ROWID;
