-- SPDX-License-Identifier: Apache-2.0
-- The release and text that a part was compiled from, where they are not its version's own. What
-- went back for all classes at once, or ended an override, has said those of its newest part only:
-- the others come from the version whose rules they repeat, which are all bytes but the id.
ALTER TABLE policy_part ADD COLUMN source_release TEXT;
ALTER TABLE policy_part ADD COLUMN source_text TEXT;

UPDATE policy_part SET (source_release, source_text) =
    (SELECT of_earlier.release, of_earlier.text
     FROM policy_part AS earlier
     JOIN policy_version AS of_earlier
         ON of_earlier.task = earlier.task AND of_earlier.version = earlier.version
     JOIN policy_version AS here
         ON here.task = policy_part.task AND here.version = policy_part.version
     WHERE earlier.task = policy_part.task AND earlier.version < policy_part.version
         AND of_earlier.origin IN (1, 2)
         AND earlier.device_class IN (policy_part.device_class, 'any')
         AND substr(earlier.content, 1, 6) = substr(policy_part.content, 1, 6)
         AND substr(earlier.content, 11) = substr(policy_part.content, 11)
     ORDER BY earlier.version = here.source DESC, earlier.version DESC,
         earlier.device_class = 'any'
     LIMIT 1)
WHERE EXISTS (SELECT 1 FROM policy_version AS here
              WHERE here.task = policy_part.task AND here.version = policy_part.version
                  AND here.origin IN (3, 4));

UPDATE policy_part SET source_release = NULL, source_text = NULL
WHERE EXISTS (SELECT 1 FROM policy_version AS here
              WHERE here.task = policy_part.task AND here.version = policy_part.version
                  AND here.release = policy_part.source_release
                  AND here.text = policy_part.source_text);
