-- SPDX-License-Identifier: Apache-2.0
-- Which versions were once in force on all devices of their classes: those to go back to. What is
-- in force is, and so was what another one was learned from or compared with.
ALTER TABLE policy_version ADD COLUMN was_in_force INTEGER NOT NULL DEFAULT 0;

UPDATE policy_version SET was_in_force = 1
WHERE EXISTS (SELECT 1 FROM policy
              WHERE policy.task = policy_version.task AND policy.policy = policy_version.version)
   OR EXISTS (SELECT 1 FROM policy_version AS later
              WHERE later.task = policy_version.task AND later.source = policy_version.version)
   OR EXISTS (SELECT 1 FROM policy_rollout
              WHERE policy_rollout.task = policy_version.task
                AND policy_rollout.baseline = policy_version.version);

-- Policies from before versions were kept: their bytes are known, their text is not.
INSERT INTO policy_version
SELECT task, policy, 1, 0, '', '', zeroblob(32), 'upgrade', 'set before versions were kept', 0,
       max(group_share_permille), 1
FROM policy
WHERE NOT EXISTS (SELECT 1 FROM policy_version
                  WHERE policy_version.task = policy.task
                    AND policy_version.version = policy.policy)
GROUP BY task, policy;

INSERT OR IGNORE INTO policy_part
SELECT task, policy, device_class, content, signature, key_id FROM policy;
