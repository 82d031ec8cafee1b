# SPDX-License-Identifier: Apache-2.0
"""A device that shares no code with Frugal: Debian's paho-mqtt, openssl and protoc's Python.

Written from proto/README.md and proto/*.proto alone; where those were not enough they were mended.
One ForeignDevice is one identity with at most one MQTT connection; paho's thread puts what arrives
into a queue, the test takes it out. It keeps nothing on disk but its key and certificate.
"""

import base64
import contextlib
import glob
import importlib
import json
import os
import queue
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import fleet

NEEDS = ("mosquitto", "openssl", "protoc")
# MQTT 3.1.1, clean session, keep-alive 60 s, client id "evil".
CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04evil"
MODULES = ("paho.mqtt.client", "google.protobuf")


def run(*command, stdin=None):
    return subprocess.run([str(part) for part in command], input=stdin, capture_output=True,
                          check=True).stdout


def load_messages():
    """frugal.v1 as a Python module, made by protoc now. Returns a name space of all messages."""
    folder = tempfile.mkdtemp(prefix="frugal-proto-")
    proto = os.path.join(fleet.ROOT, "proto")
    files = sorted(glob.glob(os.path.join(proto, "frugal", "v1", "*.proto")))
    run("protoc", "-I", proto, "--python_out", folder, *files)
    sys.path.insert(0, folder)
    names = {}
    for file in files:
        module = importlib.import_module(
            "frugal.v1." + os.path.basename(file).replace(".proto", "_pb2"))
        names.update({name: value for name, value in vars(module).items() if name[0].isupper()})
    sys.path.remove(folder)
    shutil.rmtree(folder)
    return type("Messages", (), names)


class ForeignDevice:
    def __init__(self, site, name):
        self.site = site
        self.name = name
        self.folder = os.path.join(site.folder, "foreign-" + name)
        os.makedirs(self.folder, exist_ok=True)
        self.key = os.path.join(self.folder, "key.pem")
        self.certificate = os.path.join(self.folder, "certificate.pem")
        self.authority = os.path.join(site.directory, "broker", "ca.pem")
        self.stream = secrets.randbits(64) | 1
        self.boot_epoch = 1
        self.client = None
        self.connected = None
        self.inbox = queue.Queue()
        self.refusal = None

    # Enrolment --------------------------------------------------------------------------------

    def make_request(self, common_name=None):
        run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key)
        return run("openssl", "req", "-new", "-key", self.key, "-subj",
                   f"/CN={common_name or self.name}", "-outform", "DER")

    def enrol(self, code, common_name=None):
        """EST simpleenroll; returns the HTTP status. The problem of a refusal stays in self.refusal."""
        body = base64.b64encode(self.make_request(common_name))
        credentials = base64.b64encode(f"{self.name}:{code}".encode()).decode()
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.site.http_port}/.well-known/est/simpleenroll", body,
            {"Authorization": "Basic " + credentials, "Content-Type": "application/pkcs10"})
        trust = ssl.create_default_context(cafile=self.authority)
        try:
            with urllib.request.urlopen(request, context=trust, timeout=20) as response:
                answer = base64.b64decode(response.read())
                status = response.status
        except urllib.error.HTTPError as error:
            self.refusal = json.loads(error.read())
            error.close()
            return error.code
        with open(self.certificate, "wb") as file:
            file.write(run("openssl", "pkcs7", "-inform", "DER", "-print_certs", stdin=answer))
        return status

    # MQTT -------------------------------------------------------------------------------------

    def topic(self, direction, kind, device=None):
        return f"frugal/v1/{self.site.name}/{device or self.name}/{direction}/{kind}"

    def make_client(self, version=5, client_id=None, certificate=None, key=None):
        """A paho client that puts (topic, payload) into the inbox; not connected yet."""
        import paho.mqtt.client as paho
        protocol = paho.MQTTv5 if version == 5 else paho.MQTTv311
        client = paho.Client(client_id or self.name, protocol=protocol)
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(certificate or self.certificate, key or self.key)
        client.tls_set_context(context)
        client.on_message = lambda _, __, message: self.inbox.put((message.topic, message.payload))
        client.on_connect = lambda _, __, ___, reason, *more: self.note_connection(reason)
        client.on_disconnect = lambda *_: self.note_connection(None)
        return client

    def note_connection(self, reason):
        self.connected = None if reason is None else int(getattr(reason, "value", reason)) == 0

    def connect(self, version=5, subscriptions=None, **options):
        """Connects once, subscribes to the down topics unless told otherwise."""
        self.client = self.make_client(version, **options)
        self.client.reconnect_delay_set(60, 120)
        self.client.connect("127.0.0.1", self.site.mqtt_port, keepalive=60)
        self.client.loop_start()
        fleet.wait_for(f"{self.name} is connected", lambda: self.connected)
        granted = []
        self.client.on_subscribe = lambda *arguments: granted.append(arguments)
        topics = subscriptions or [self.topic("down", "+")]
        self.client.subscribe([(topic, 0) for topic in topics])
        fleet.wait_for("SUBACK", lambda: granted)
        return self

    def disconnect(self):
        if self.client is not None:
            self.client.disconnect()
            self.client.loop_stop()
            self.client = None

    def is_admitted(self, certificate=None, key=None):
        """Whether a bare TLS client with these files (default: this device's) gets a CONNACK."""
        return self.talk_raw(CONNECT, certificate, key)[:4] == b"\x20\x02\x00\x00"

    def talk_raw(self, content, certificate=None, key=None):
        """What the broker answers a bare TLS client that sends these bytes, until it is silent
        for a second, with "closed" behind it if it ended the connection. TLS 1.3 tells a client only after
        its first bytes that its certificate is refused."""
        context = ssl.create_default_context(cafile=self.authority)
        if certificate != "":
            context.load_cert_chain(certificate or self.certificate, key or self.key)
        answer = b""
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            with socket.create_connection(("127.0.0.1", self.site.mqtt_port), 10) as plain:
                with context.wrap_socket(plain, server_hostname="127.0.0.1") as connection:
                    connection.sendall(content)
                    connection.settimeout(1)
                    with contextlib.suppress(TimeoutError):
                        while part := connection.recv(1024):
                            answer += part
                        return answer + b"closed"
                    return answer
        return answer + b"closed"

    def is_cut(self):
        return not self.connected

    def publish(self, kind, message, device=None, qos=0, retain=False):
        payload = message if isinstance(message, bytes) else message.SerializeToString()
        info = self.client.publish(self.topic("up", kind, device), payload, qos, retain)
        return info

    def receive(self, kind, message_type, seconds=10, keep=lambda message: True):
        """The next message of one down kind that `keep` likes; others are thrown away."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                topic, payload = self.inbox.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                break
            if topic == self.topic("down", kind):
                message = message_type.FromString(payload)
                if keep(message):
                    return message
        raise fleet.FleetError(f"no {kind} for {self.name} within {seconds} s")

    def drain(self, seconds=0.5):
        """Everything that arrives until nothing came for so long."""
        messages = []
        while True:
            try:
                messages.append(self.inbox.get(timeout=seconds))
            except queue.Empty:
                return messages

    # Messages ---------------------------------------------------------------------------------

    def hello(self, pb, next_sequence=0, **fields):
        capability = pb.Capability(
            device_class="m4", runtime_abi=1, arena_bytes=65536, slot_bytes=262144,
            staging_bytes=262144, block_bytes=1024, decoder_ram_bytes=8192, decoder_profiles=7,
            operators=[code * 256 + 5 for code in (1, 3, 4, 9, 17, 22, 25)],
            features_bytes_max=4096, slots=2)
        values = dict(protocol=1, device=self.name, stream=self.stream, boot_epoch=self.boot_epoch,
                      next_sequence=next_sequence, oldest_sequence=next_sequence,
                      capability=capability,
                      tasks=[pb.TaskState(task=1, phase=pb.UPDATE_PHASE_IDLE)])
        return pb.Hello(**{**values, **fields})

    def decisions(self, pb, first, classes, **fields):
        """Local decisions, one second apart, all with confidence 200 of 255."""
        values = dict(stream=self.stream, boot_epoch=self.boot_epoch, first_sequence=first, task=1,
                      release=1, start_ticks=100 + 10 * first, classes=classes, doubts=[55],
                      outcomes=[1 * 16 + 1], energy_uj=40)
        if len(classes) > 1:
            values["delta_ticks"] = [10]
        return pb.Decisions(**{**values, **fields})
