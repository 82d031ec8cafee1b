-- SPDX-License-Identifier: Apache-2.0
-- How a task's escalations stand to others': the class of the desk's queue (1: normal), and the
-- share of a group's decisions that may escalate, in thousandths (0: no limit), by the task and by
-- its policies.
ALTER TABLE task ADD COLUMN priority INTEGER NOT NULL DEFAULT 1;
ALTER TABLE task ADD COLUMN group_share_permille INTEGER NOT NULL DEFAULT 0;
ALTER TABLE policy ADD COLUMN group_share_permille INTEGER NOT NULL DEFAULT 0;
ALTER TABLE policy_version ADD COLUMN group_share_permille INTEGER NOT NULL DEFAULT 0;
