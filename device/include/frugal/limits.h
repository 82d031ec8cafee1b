// SPDX-License-Identifier: Apache-2.0
// Every limit of the device side and of the wire, in one place. The gateway includes this file
// too, so both ends reject the same things. Changing a wire limit is a protocol change.
#ifndef FRUGAL_LIMITS_H
#define FRUGAL_LIMITS_H

// Wire
#define FR_PROTOCOL_VERSION 1u
#define FR_RUNTIME_ABI 1u       ///< arithmetic and model format of the runtime: manifests name it
#define FR_ID_SIZE_MAX 64u      ///< site and device ids: [a-z0-9-]{1,64}
#define FR_TOPIC_SIZE_MAX 192u  ///< longest topic either side builds
#define FR_MESSAGE_SIZE_MAX 6144u  ///< longest payload either side accepts, bytes
#define FR_BLOCK_SIZE_MIN 128u     ///< transfer block, bytes of artifact per chunk
#define FR_BLOCK_SIZE_MAX 4096u
#define FR_BLOCK_DIGEST_SIZE 8u  ///< leading bytes of SHA-256 in an artifact's block list
#define FR_ARTIFACT_SIZE_MAX (4u * 1024u * 1024u)
#define FR_FETCH_CREDIT_MAX 64u     ///< blocks one fetch may ask for: one bit of its mask each
#define FR_REACH_BYTES 4096u        ///< deltas for one slot read their base at most so far behind
#define FR_FEATURES_SIZE_MAX 4096u  ///< input bytes of one escalation
#define FR_TASKS_MAX 2u             ///< tasks of one device
#define FR_CLASSES_MAX 64u          ///< classes of one task: class ids are 0..63
#define FR_MANIFEST_SIZE_MAX 640u   ///< serialized manifest, signature left out
#define FR_SIGNATURE_SIZE 64u       ///< ES256: r || s, big endian (RFC 7518 section 3.4)
#define FR_SHA256_SIZE 32u
#define FR_POLICY_SIZE_MAX 256u  ///< compiled policy, signature left out
#define FR_RECENT_VERDICTS 8u    ///< last answers of the policy that travel in health
#define FR_RECENT_VERDICT_BYTES 8u
#define FR_OPERATORS_MAX 16u  ///< distinct operators named by a manifest
#define FR_DIMENSIONS_MAX \
    4u  ///< rank of a tensor the runtime accepts is at most 5; the manifest names 4
#define FR_SELF_TESTS_MAX 4u

// Decisions
#define FR_DECISION_BATCH_MAX 16u  ///< decisions in one message
#define FR_DECISION_WINDOW \
    64u                       ///< unacked decisions in flight; the gateway remembers as many hashes
#define FR_TIME_TICK_MS 100u  ///< unit of decision times

// Flash
#define FR_FORMER_TASKS_MAX 8u  ///< tasks a firmware no longer has whose floors are remembered

// Update machine
#define FR_UPDATE_ATTEMPTS_MAX 3u  ///< attempts at one release before QUARANTINED
#define FR_PROBATION_DECISIONS 8u  ///< decisions under the new model that confirm it
#define FR_BOOT_ATTEMPTS_MAX 3u    ///< boots inside probation before the old slot is taken back

#endif
