#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A device written from proto/README.md alone, with other people's libraries (I1-I4, I13).

paho-mqtt, protoc's Python, openssl and hashlib: it enrols, says hello, sends decisions, repeats
them, declares a gap, contradicts itself, fetches a model block by block, and asks the edge.
"""

import base64
import gzip
import hashlib
import json
import math
import os
import ssl
import struct
import unittest
import urllib.request

import fleet
import foreign_device
from foreign_device import ForeignDevice, run

IMAGES = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
LABELS = IMAGES.replace("images-idx3", "labels-idx1")


def signature_in_der(signature):
    """r || s as openssl wants it."""
    def integer(number):
        content = number.to_bytes(33, "big").lstrip(b"\0")
        content = content if content and content[0] < 0x80 else b"\0" + content
        return b"\x02" + bytes([len(content)]) + content
    both = integer(int.from_bytes(signature[:32], "big"))
    both += integer(int.from_bytes(signature[32:], "big"))
    return b"\x30" + bytes([len(both)]) + both


def list_bytes(offer):
    """Bytes of the block list at an artifact's front; a short one has none."""
    blocks = math.ceil(offer.size_bytes / offer.block_bytes)
    return 0 if offer.size_bytes <= 2304 else 8 * blocks


@fleet.needs(*foreign_device.NEEDS, modules=foreign_device.MODULES)
class ForeignClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pb = foreign_device.load_messages()
        cls.site = fleet.Site.of_class(cls)
        cls.site.define_task()

    def join(self, name, version=5):
        device = ForeignDevice(self.site, name)
        self.assertEqual(200, device.enrol(self.site.add_device(name)))
        device.connect(version)
        self.addCleanup(device.disconnect)
        return device

    def expect_ack(self, device, next_sequence):
        ack = device.receive("ack", self.pb.Ack,
                             keep=lambda ack: ack.next_sequence >= next_sequence)
        self.assertEqual(next_sequence, ack.next_sequence)
        self.assertEqual(device.stream, ack.stream)
        return ack

    def start(self, device, sequence=0):
        device.publish("hello", device.hello(self.pb, sequence), qos=1)
        return self.expect_ack(device, sequence)

    def send(self, device, first, classes, **fields):
        device.publish("decisions", device.decisions(self.pb, first, classes, **fields))

    def classes_of(self, device):
        return [row[:2] for row in self.site.decisions_of(device.name)]

    # Enrolment --------------------------------------------------------------------------------

    def test_enrolment_says_what_is_wrong(self):
        device = ForeignDevice(self.site, "enrols")
        code = self.site.add_device(device.name)
        self.assertEqual(401, device.enrol("0000-0000-0000-0000"))
        generic = device.refusal
        self.assertEqual(401, device.enrol("0000-0000-0000-0000", "somebody-else"))
        self.assertEqual(generic, device.refusal)
        # The code is right: the device is told what is wrong, and may try again with it.
        self.assertEqual(400, device.enrol(code, "somebody-else"))
        self.assertEqual("the request is for somebody-else, not for enrols", device.refusal["detail"])
        self.assertTrue(device.refusal["cause"] and device.refusal["remedy"])
        self.assertEqual(400, device.enrol(code, "Some Body"))
        self.assertEqual(200, device.enrol(code.replace("-", "").lower()))
        self.assertEqual(401, device.enrol(code))
        stranger = ForeignDevice(self.site, "nobody")
        self.assertEqual(401, stranger.enrol(code))
        self.assertEqual(generic, stranger.refusal)
        trust = ssl.create_default_context(cafile=device.authority)
        url = f"https://127.0.0.1:{self.site.http_port}/.well-known/est/cacerts"
        with urllib.request.urlopen(url, context=trust, timeout=20) as response:
            made = run("openssl", "pkcs7", "-inform", "DER", "-print_certs",
                       stdin=base64.b64decode(response.read()))
        with open(device.authority, "rb") as file:
            self.assertIn(ssl.PEM_cert_to_DER_cert(file.read().decode()),
                          [ssl.PEM_cert_to_DER_cert(made.decode()[made.index(b"-----BEGIN"):])])

    # Decisions --------------------------------------------------------------------------------

    def test_an_ack_comes_after_the_commit(self):
        for version in (3, 5):
            device = self.join(f"acked-{version}", version)
            ack = self.start(device)
            self.assertGreaterEqual(ack.fencing_epoch, 1)
            self.assertLessEqual(ack.credit, 64)
            expected = []
            for first in range(0, 160, 16):
                classes = [(first + i) % 10 for i in range(16)]
                expected += enumerate(classes, first)
                self.send(device, first, classes)
                self.expect_ack(device, first + 16)
                # Another connection to the database: only what is committed shows.
                self.assertEqual(expected, self.classes_of(device))
            row = self.site.decisions_of(device.name)[0]
            self.assertEqual((0, 0, 200, 1, 1), row)

    def test_a_repeated_decision_is_acked_and_stored_once(self):
        device = self.join("repeats")
        self.start(device)
        self.send(device, 0, [1, 2, 3, 4])
        self.expect_ack(device, 4)
        for _ in range(3):
            self.send(device, 0, [1, 2, 3, 4])
            self.expect_ack(device, 4)
        # Cut differently, partly new.
        self.send(device, 2, [3, 4, 5])
        self.expect_ack(device, 5)
        self.assertEqual([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)], self.classes_of(device))
        # A new connection says hello again and hears where to go on.
        device.disconnect()
        device.connect(3)
        device.publish("hello", device.hello(self.pb, 5, oldest_sequence=0), qos=1)
        self.expect_ack(device, 5)
        self.assertEqual("enrolled", self.site.device(device.name)["state"])

    def test_a_gap_is_stored_as_a_gap_only_if_declared(self):
        device = self.join("gaps")
        self.start(device)
        self.send(device, 0, [1, 1])
        self.expect_ack(device, 2)
        self.send(device, 9, [2, 2])
        self.expect_ack(device, 2)
        self.send(device, 9, [2, 2], dropped_from=1)
        self.expect_ack(device, 11)
        self.assertEqual([(0, 1), (1, 1), (9, 2), (10, 2)], self.classes_of(device))
        gaps = self.site.rows(
            "SELECT kind, first_sequence, until_sequence FROM gap JOIN stream "
            "ON stream.number = gap.stream JOIN device ON device.number = stream.device "
            "WHERE device.id = ?", device.name)
        self.assertEqual([(1, 2, 9)], gaps)
        stream = self.site.device(device.name)["streams"][0]
        self.assertEqual((4, 7), (stream["accepted"], stream["lost"]))

    def test_a_contradiction_is_never_stored_and_quarantines(self):
        device = self.join("contradicts")
        self.start(device)
        self.send(device, 0, [1, 2])
        self.expect_ack(device, 2)
        self.send(device, 0, [1, 3])
        fleet.wait_for("quarantine", lambda: self.site.device(
            device.name)["state"] == "quarantined")
        self.send(device, 2, [5])
        device.publish("hello", device.hello(self.pb, 2), qos=1)
        self.assertEqual([], [topic for topic, _ in device.drain(1.0)
                              if topic.endswith(("/ack", "/desired"))])
        self.assertEqual([(0, 1), (1, 2)], self.classes_of(device))
        incidents = self.site.rows("SELECT incident.detail FROM incident JOIN device "
                                   "ON device.number = incident.device WHERE device.id = ? "
                                   "AND incident.kind = 1", device.name)
        self.assertEqual(1, len(incidents))
        self.site.control("device", "release", device.name)
        self.start(device, 2)
        self.send(device, 2, [5])
        self.expect_ack(device, 3)

    def test_a_second_stream_starts_from_nothing(self):
        device = self.join("formatted")
        self.start(device)
        self.send(device, 0, [1, 2])
        self.expect_ack(device, 2)
        device.stream += 2
        self.start(device)
        self.send(device, 0, [9])
        self.expect_ack(device, 1)
        self.assertEqual([(0, 1), (0, 9), (1, 2)], sorted(self.classes_of(device)))

    def test_what_is_not_canonical_is_refused_whole(self):
        device = self.join("sloppy")
        self.start(device)
        good = device.decisions(self.pb, 0, [1, 2]).SerializeToString()
        equal_columns = device.decisions(self.pb, 0, [1, 2], doubts=[55, 55]).SerializeToString()
        spoiled = {
            "an unknown field": good + b"\xf8\x01\x01", "bytes at the end": good + b"\x00",
            "a field twice": good + b"\x10\x01", "an equal column in full": equal_columns,
            "a long varint": good.replace(b"\x10\x01", b"\x10\x81\x00", 1),
            "cut short": good[:-1],
            "a class of 64": device.decisions(self.pb, 0, [1, 64]).SerializeToString(),
            "17 decisions": device.decisions(self.pb, 0, [1] * 17).SerializeToString(),
            "no stream": device.decisions(self.pb, 0, [1], stream=0).SerializeToString(),
        }
        for name, payload in spoiled.items():
            with self.subTest(spoiled_with=name):
                device.publish("decisions", payload)
                device.publish("hello", device.hello(self.pb, 0), qos=1)
                self.expect_ack(device, 0)
                self.assertEqual([], self.classes_of(device))
        device.publish("decisions", good)
        self.expect_ack(device, 2)

    # A model ----------------------------------------------------------------------------------

    def test_a_model_comes_block_by_block(self):
        device = self.join("fetches")
        device.publish("hello", device.hello(self.pb), qos=1)
        self.expect_ack(device, 0)
        release = self.site.import_release({"m4": "fashion-small-1.tflite"})
        rollout = self.site.roll_out(release)
        desired = device.receive("desired", self.pb.Desired, keep=self.has_model)
        task = desired.tasks[0]
        manifest = self.pb.Manifest.FromString(task.manifest.content)
        self.check_signature(task.manifest, "release.pub")
        self.check_signature(task.policy, "policy.pub")
        self.assertEqual(b"FP", task.policy.content[:2])
        self.assertEqual((1, "fashion", "m4"), (manifest.format, manifest.model,
                                                manifest.device_class))

        artifact = self.fetch_all(device, task.artifact)
        self.check_list(artifact, task.artifact)
        with open(os.path.join(fleet.MODELS, "fashion-small-1.tflite"), "rb") as file:
            model = file.read()
        self.assertEqual(hashlib.sha256(model).digest(), manifest.model_digest)
        self.assertEqual(len(model), manifest.model_bytes)
        payload = artifact[list_bytes(task.artifact):]
        self.assertEqual(b"FR" + bytes([5 * 16 + task.artifact.decoder_profile]), payload[:3])
        self.assertEqual(manifest.model_bytes, int.from_bytes(payload[3:6], "little"))
        self.assertEqual(len(payload), int.from_bytes(payload[6:9], "little"))
        print(f"model {len(model)} bytes, on air {len(artifact)}")

        for phase in ("TRANSFER", "STAGED", "SELF_TEST", "PROBATION", "CONFIRMED"):
            device.publish("report", self.pb.Report(
                task=1, desired_version=desired.version, release=manifest.counter,
                phase=self.pb.UpdatePhase.Value("UPDATE_PHASE_" + phase), attempt=1))
        fleet.wait_for("the rollout has it confirmed",
                       lambda: self.site.rollout_states(rollout).get("confirmed") == 1)

    def test_a_refusal_shows_in_the_rollout_with_its_reason(self):
        device = self.join("refuses")
        device.publish("hello", device.hello(self.pb), qos=1)
        self.expect_ack(device, 0)
        release = self.site.import_release({"any": "fashion-small-2.tflite"})
        rollout = self.site.roll_out(release)

        def is_of_this_rollout(desired):
            return (self.has_model(desired) and release == "fashion@%d" %
                    self.pb.Manifest.FromString(desired.tasks[0].manifest.content).release)
        desired = device.receive("desired", self.pb.Desired, keep=is_of_this_rollout)
        counter = self.pb.Manifest.FromString(desired.tasks[0].manifest.content).counter
        device.publish("report", self.pb.Report(
            task=1, desired_version=desired.version, release=counter,
            phase=self.pb.UPDATE_PHASE_REFUSED, reason=self.pb.REASON_UNFIT_ARENA, detail=70000))

        def told():
            shown = self.site.request("GET", f"/api/v1/rollouts/{rollout}").json()["devices"]
            return [entry for entry in shown if entry["device"] == "refuses"
                    and entry["state"] == "refused"]
        entry = fleet.wait_for("the refusal shows", told)[0]
        self.assertIn("arena", json.dumps(entry["reason"]).lower())

    @staticmethod
    def has_model(desired):
        """The policy may have come before, in a desired state of its own."""
        return desired.tasks and desired.tasks[0].HasField("manifest")

    def check_signature(self, signed, public_key):
        """With the openssl command and the site's public key of that name."""
        key = os.path.join(self.site.directory, public_key)
        signature = os.path.join(self.site.folder, "signature.der")
        with open(signature, "wb") as file:
            file.write(signature_in_der(signed.signature))
        run("openssl", "dgst", "-sha256", "-verify", key, "-signature", signature,
            stdin=signed.content)
        point = run("openssl", "pkey", "-pubin", "-in", key, "-pubout", "-outform", "DER")[-65:]
        self.assertEqual(int.from_bytes(hashlib.sha256(point).digest()[:4], "big"), signed.key_id)

    def fetch_all(self, device, offer):
        blocks = math.ceil(offer.size_bytes / offer.block_bytes)
        held = {}
        for base in range(0, blocks, 64):
            count = min(64, blocks - base)
            for _ in range(20):
                missing = sum(1 << i for i in range(count) if base + i not in held)
                if missing == 0:
                    break
                device.publish("fetch", self.pb.Fetch(artifact=offer.digest, base_block=base,
                                                      missing=missing, credit=8))
                for _ in range(min(8, missing.bit_count())):
                    chunk = device.receive("chunk", self.pb.Chunk)
                    self.assertEqual(offer.digest, chunk.artifact)
                    held[chunk.block] = chunk.content
        self.assertEqual(list(range(blocks)), sorted(held))
        self.assertEqual({offer.block_bytes}, {len(held[i]) for i in range(blocks - 1)})
        artifact = b"".join(held[i] for i in range(blocks))
        self.assertEqual(offer.size_bytes, len(artifact))
        return artifact

    def check_list(self, artifact, offer):
        self.assertEqual(offer.digest, hashlib.sha256(artifact).digest())
        size = offer.block_bytes
        blocks = math.ceil(len(artifact) / size)
        end = list_bytes(offer)
        if end == 0:  # the whole is checked at once
            self.assertEqual(offer.list_digest, offer.digest)
            return
        block_list = artifact[:end]
        self.assertEqual(offer.list_digest, hashlib.sha256(block_list).digest())
        for i in range(blocks):
            carried = artifact[max(i * size, end):max((i + 1) * size, end)]
            self.assertEqual(hashlib.sha256(carried).digest()[:8], block_list[8 * i:8 * i + 8])

    # The edge ---------------------------------------------------------------------------------

    @unittest.skipUnless(os.path.exists(IMAGES), "not here: dataset-fashion-mnist")
    def test_an_escalated_image_gets_the_right_class(self):
        device = self.join("asks")
        self.start(device)
        with gzip.open(IMAGES) as images, gzip.open(LABELS) as labels:
            images.read(16)
            labels.read(8)
            pictures = [images.read(784) for _ in range(30)]
            truth = list(labels.read(30))
        right = 0
        for sequence, picture in enumerate(pictures):
            verdict = self.escalate(device, sequence, bytes(pixel ^ 0x80 for pixel in picture))
            self.assertEqual(self.pb.VERDICT_STATUS_ANSWERED, verdict.status)
            self.assertEqual(self.pb.TIER_EDGE, verdict.tier)
            right += verdict.class_id == truth[sequence]
            self.send(device, sequence, [verdict.class_id], doubts=[255 - verdict.confidence],
                      outcomes=[2 * 16 + 10])
        self.expect_ack(device, 30)
        print(f"edge model right in {right} of 30")
        self.assertGreaterEqual(right, 25)
        self.assertEqual({(2, 10)}, {row[3:] for row in self.site.decisions_of(device.name)})

    def escalate(self, device, sequence, features):
        device.publish("escalate", self.pb.Escalate(
            stream=device.stream, sequence=sequence, task=1, deadline_ms=10000, release=1,
            local_class=3, local_confidence=90, policy_reason=10, features=features))
        verdict = device.receive("verdict", self.pb.Verdict,
                                 keep=lambda it: it.sequence == sequence)
        self.assertEqual(device.stream, verdict.stream)
        return verdict

    def test_an_input_of_the_wrong_size_is_refused(self):
        device = self.join("misfits")
        self.start(device)
        verdict = self.escalate(device, 0, bytes(783))
        self.assertEqual(self.pb.VERDICT_STATUS_REFUSED, verdict.status)


if __name__ == "__main__":
    fleet.run_tests()
