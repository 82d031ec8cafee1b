#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The figures of Frugal, each beside its ceiling from the same run. Parts: memory and ingest (on a real site: broker, gateway, devices over mutual TLS, on loopback), intake (wire, core
and storage without a network), codec, kws, simulation, size, accuracy, policy, evaluator, tiers (a swarm all local,
all to the edge, under the policy); lenet on request. The machine is rarely quiet: only ratios within one run count,
so the load of the machine is printed with them.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import bench_codec
import bench_compress
import bench_evaluator
import bench_offload
import bench_policy
import bench_tiers
import demo
from bench_figures import Figure, Skip, run_json

ROOT = demo.ROOT
PARTS = ("memory", "ingest", "intake", "codec", "kws", "simulation", "size", "accuracy", "policy", "evaluator", "tiers", "offload")
ON_REQUEST = ("lenet",)  # trains networks: minutes
FLEET = 1000  # devices of the memory part
KILL_TEST = "python3 -m unittest -v test_kill, in tests/integration (FRUGAL_BIN=build/bin)"


def memory_mb(pid):
    """PSS and RSS of a process in megabytes (10^6)."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        fields = dict(re.findall(r"^(Pss|Rss):\s+(\d+) kB", file.read(), re.MULTILINE))
    return {name.lower(): int(value) * 1024 / 1e6 for name, value in fields.items()}


class Site:
    """Broker, gateway and claim codes for the devices: what memory and ingest run on."""

    def __init__(self, binaries, devices):
        self.binaries = binaries
        # A Unix socket's path must be short, so the site lives directly under the temporary folder.
        self.folder = tempfile.mkdtemp(prefix="frugal-bench-")
        self.directory = os.path.join(self.folder, "site")
        self.claims = os.path.join(self.folder, "claims.csv")
        self.mqtt_port, self.http_port = demo.free_port(), demo.free_port()
        self.broker = self.gateway = None
        made = self.control("setup", "--dir", self.directory, "--name", "bench", "--mqtt-port", self.mqtt_port,
                            "--http-listen", f"127.0.0.1:{self.http_port}")
        self.config = made["config"]
        try:
            self.broker = self.start("broker", demo.Demo.broker_program(), "-c", made["broker_config"])
            self.start_gateway()
            self.idle = memory_mb(self.gateway.child.pid)
            self.control("device", "add", "--count", devices, "--prefix", "load", "--claims", self.claims)
        except BaseException:
            self.close()
            raise

    def start(self, name, *arguments):
        return demo.Process(name, arguments, os.path.join(self.folder, name + ".log"))

    def control(self, *arguments):
        command = [os.path.join(self.binaries, "frugalctl"), "--site", self.directory, "--json", *map(str, arguments)]
        if not os.access(command[0], os.X_OK):
            raise Skip("frugalctl is not built")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise demo.DemoError(f"frugalctl {arguments[0]} failed:\n{done.stderr.strip()}")
        return json.loads(done.stdout)

    def start_gateway(self):
        self.gateway = self.start("gateway", os.path.join(self.binaries, "frugald"), "--config", self.config)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            self.gateway.check()
            try:
                if self.control("health")["ready"]:
                    return
            except demo.DemoError:
                pass
            time.sleep(0.2)
        raise demo.DemoError(f"the gateway was not ready in 30 s:\n{self.gateway.tail()}")

    def load_command(self, devices, *options):
        return [os.path.join(self.binaries, "ingest_load"), "--site", "bench", "--broker", f"127.0.0.1:{self.mqtt_port}",
                "--ca", os.path.join(self.directory, "broker", "ca.pem"), "--est", f"https://127.0.0.1:{self.http_port}",
                "--claims", self.claims, "--state", os.path.join(self.folder, "devices"), "--devices", str(devices),
                "--socket", os.path.join(self.directory, "run", "mqtt.sock"),
                "--database", os.path.join(self.directory, "frugal.db"),
                "--gateway-pid", str(self.gateway.child.pid), "--broker-pid", str(self.broker.child.pid), *options]

    def close(self):
        for process in (self.gateway, self.broker):
            if process is not None:
                if process.child.poll() is None:
                    os.kill(process.child.pid, signal.SIGCONT)  # a bench may have died while it stood still
                process.stop(20)
        shutil.rmtree(self.folder, ignore_errors=True)


# The parts: each returns (figures, what --json prints). ------------------------------------------

def measure_memory(context):
    site = context.site()
    command = site.load_command(FLEET, "--hold")
    with open(os.path.join(site.folder, "hold.log"), "w+", encoding="utf-8") as log, \
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True) as fleet:
        try:
            line = fleet.stdout.readline()
            if not line:
                log.seek(0)
                raise demo.DemoError(f"the devices did not connect:\n{log.read()[-2000:]}")
            held = json.loads(line)
            time.sleep(2)
            connected = memory_mb(site.gateway.child.pid)
            broker = memory_mb(site.broker.child.pid)
        finally:
            fleet.stdin.close()
            try:
                fleet.wait(15)
            except subprocess.TimeoutExpired:
                fleet.kill()
    slope = (connected["pss"] - site.idle["pss"]) * 1000 / FLEET
    result = {"idle_pss_mb": site.idle["pss"], "idle_rss_mb": site.idle["rss"], "connected": held["connected"],
              "connected_pss_mb": connected["pss"], "connected_rss_mb": connected["rss"],
              "kb_per_device": slope, "broker_pss_mb": broker["pss"],
              "connects_per_second": held["connected"] / max(held["connect_seconds"], 0.001)}
    return [
        Figure("frugald idle, PSS", f"{site.idle['pss']:.1f} MB",
               f"goal 16 MB (Greengrass nucleus lite: 15.8); RSS {site.idle['rss']:.1f} MB",
               site.idle["pss"] <= 16),
        Figure(f"frugald, {held['connected']} devices said hello, PSS", f"{connected['pss']:.1f} MB",
               f"goal 40 MB; RSS {connected['rss']:.1f} MB",
               connected["pss"] <= 40),
        Figure("  per device", f"{slope:.1f} kB", f"broker's part: {broker['pss'] * 1000 / FLEET:.0f} kB"),
        Figure("mutual TLS connects a second", f"{result['connects_per_second']:.0f}", "broker's ceiling on a quiet machine: 315"),
    ], result


def measure_ingest(context):
    site = context.site()
    options = context.options
    result = run_json(site.load_command(options.devices, "--seconds", str(options.seconds), "--rounds",
                                        str(options.rounds), "--json"), 150)
    return [
        Figure("decisions committed and acked a second", f"{result['decisions_per_s']:,.0f}",
               f"null subscriber, same broker and run: {result['null_decisions_per_s']:,.0f}"),
        Figure("  ratio", f"{result['ratio']:.2f}", f"goal 0.90 ({result['devices']} devices, batches of "
               f"{result['batch']}, QoS 0, FULL)", result["ratio"] >= 0.9),
        Figure("  gateway CPU a decision", f"{result['gateway_cpu_us_per_decision']:.2f} us",
               f"goal 3 us; the broker's own: {result['broker_cpu_us_per_decision']:.2f} us",
               result["gateway_cpu_us_per_decision"] <= 3),
        Figure("  written to disk a decision", f"{result['written_bytes_per_decision']:.0f} B",
               f"goal 200 B; database and log grew by {result['database_bytes_per_decision']:.0f} B",
               result["written_bytes_per_decision"] <= 200),
        Figure("  on the wire a decision (payload)", f"{result['payload_bytes_per_decision']:.2f} B",
               "goal 6 B in batches of 16; these are batches of 8"),
        Figure("  began again without an ack", f"{result['repeats']:,}", f"null subscriber: {result['null_repeats']:,}"),
    ], result


def measure_intake(context):
    program = context.binary("intake_bench")
    if not os.access(program, os.X_OK):
        raise Skip("intake_bench is not built")
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        done = subprocess.run([program, "--json", folder], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=90, check=True)
    result = [json.loads(line) for line in done.stdout.splitlines()]
    return [Figure(f"decisions a second on one thread, batches of {row['batch']}", f"{row['together_per_s']:,}",
                   f"decode {row['decode_per_s']:,}, core {row['core_per_s']:,}, storage {row['storage_per_s']:,}; "
                   f"{row['stored_bytes']:.0f} B stored") for row in result], result


CODEC_GOALS = (("zstd19", 0.90), ("xz9e", 0.915), ("brotli11", 0.92), ("heatshrink11", 0.71), ("gzip9", 1.0))


def shared_models():
    shared = os.environ.get("FRUGAL_SHARED_DIR", os.path.join(os.path.dirname(ROOT), "shared"))
    return os.path.join(shared, "models", "tflite")


def measure_codec(context):
    result = run_json([context.binary("codec_bench"), "--json"], 300)
    figures = [Figure(f"int8 models against {coder}, geometric mean", f"{result[f'ours_of_{coder}_int8']:.3f}",
                      f"goal {goal}", result[f"ours_of_{coder}_int8"] <= goal) for coder, goal in CODEC_GOALS]
    coders = [coder for coder, _ in CODEC_GOALS]
    beaten = [model["name"] for model in result["models"] if model["int8"] and
              any(model["ours_bytes"] >= model[f"{coder}_bytes"] for coder in coders)]
    figures.append(Figure("int8 models on which another is smaller", str(len(beaten)), " ".join(beaten) or "of none",
                          not beaten))
    for model in result["models"]:
        others = ", ".join(f"{coder} {model[f'{coder}_bytes']:,}" for coder in ("zstd19", "xz9e", "brotli11"))
        figures.append(Figure(f"  {model['name']}", f"{model['ours_bytes']:,} B",
                              f"raw {model['raw_bytes']:,}, {others}, stripped {model['stripped_packed_bytes']:,}"))
    figures += bench_codec.bound_figures(result["models"])
    figures += bench_codec.delta_figures(ROOT, shared_models(), result["deltas"])
    for profile, (ram, goal) in enumerate(zip(result["decoder_ram_bytes"], (819, 1638, 4608))):
        figures.append(Figure(f"decoder RAM, profile {profile}", f"{ram:,} B", f"goal {goal:,} B", ram <= goal))
    figures.append(Figure("largest model encoded in", f"{result['encode_seconds_largest']:.1f} s",
                          f"peak memory {result['peak_memory_kb'] / 1024:.0f} MB"))
    proved, result["strip"] = bench_codec.strip_figures(context.binary("strip_bench"))
    figures += proved
    near, result["rate_distortion"] = bench_compress.delta_figures(context)
    figures += near
    result["code_bytes"] = bench_codec.measure_code(ROOT)
    figures += bench_codec.code_figures(result["code_bytes"])
    more, instructions = bench_codec.measure_instructions(ROOT, context.binary("frugalctl"), shared_models())
    result["instructions"] = instructions
    return figures + more, result


def measure_simulation(context):
    result = run_json([context.binary("frugal-simulation"), "--seeds", "1..20", "--for-seconds", "40", "--json"], 120)
    return [
        Figure("seeds run", f"{result['seeds']}", "20, or what fits 40 s"),
        Figure("  violations", f"{result['violations']}", "must be 0", result["violations"] == 0),
        Figure("  faults injected", f"{result['faults_injected']:,}", f"of {len(result['faults'])} kinds"),
        Figure("  simulated hours a second", f"{result['simulated_hours_per_second']:.2f}",
               f"{result['simulated_hours']:.1f} h, {result['events']:,} events, {result['decisions']:,} decisions"),
    ], result


def measure_size(context):
    del context
    compiler = "arm-none-eabi-gcc"
    if shutil.which(compiler) is None:
        raise Skip(f"{compiler} is not installed")
    with tempfile.TemporaryDirectory(prefix="frugal-bench-") as folder:
        done = subprocess.run([os.path.join(ROOT, "tests", "freestanding", "check.sh"), os.path.join(ROOT, "device"),
                               os.path.join(folder, "m4"), compiler, "-mcpu=cortex-m4", "-mthumb"],
                              capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise demo.DemoError(f"tests/freestanding/check.sh failed:\n{(done.stdout + done.stderr)[-2000:]}")
    parts = {name: int(size) for name, size in re.findall(r"^  (\w+) +(\d+)$", done.stdout, re.MULTILINE)}
    linked = int(re.search(r"left out: (\d+)", done.stdout).group(1))
    node = int(re.search(r"sizeof\(fr_node_t\): (\d+)", done.stdout).group(1))
    result = {"text_bytes": linked, "node_ram_bytes": node, "parts": parts, "library_bytes": sum(parts.values())}
    return [
        Figure("node library on Cortex-M4, linked, -Os", f"{linked:,} B", "code and constants, unused functions left out"),
        Figure("  all of it", f"{sum(parts.values()):,} B", ", ".join(f"{name} {size:,}" for name, size in parts.items())),
        Figure("  RAM of a node (fr_node_t)", f"{node:,} B", "the model's arena comes on top; no heap, no globals"),
    ], result


def measure_accuracy(context):
    del context
    with open(os.path.join(demo.MODELS, "models.json"), encoding="utf-8") as file:
        described = json.load(file)
    figures, result = [], {"models": {}, "systems": {}}
    for model in described["models"]:
        name = model["file"].removesuffix(".tflite")
        result["models"][name] = model["accuracy_int8"]
        figures.append(Figure(f"{name}, int8", f"{model['accuracy_int8']:.2%}", f"before quantization {model['accuracy_float']:.2%}"))
    for system in described["pairs"]:
        nominal = next(o for o in system["outcomes"] if o["price"] == system["nominal_price"])
        result["systems"][system["name"]] = nominal
        figures.append(Figure(f"{system['name']} under the policy", f"{nominal['accuracy']:.2%}",
                              f"{nominal['share']:.1%} escalated; alone {system['accuracy_local']:.2%}, "
                              f"all to the edge {system['accuracy_edge']:.2%}",
                              nominal["accuracy"] > system["accuracy_local"]))
    return figures, result


def measure_policy(context):
    return bench_policy.measure(context.binary("frugalctl"), os.path.join(context.options.build, "policy-traces"))


MEASURES = {"memory": measure_memory, "ingest": measure_ingest, "intake": measure_intake, "codec": measure_codec, "kws": bench_compress.measure_kws, "lenet": bench_compress.measure_lenet, "simulation": measure_simulation,
            "size": measure_size, "accuracy": measure_accuracy, "policy": measure_policy,
            "evaluator": lambda context: bench_evaluator.measure(),
            "tiers": lambda context: bench_tiers.measure(context.binaries),
            "offload": lambda context: bench_offload.measure(context, ROOT)}


class Context:
    """What the parts share: the options and, once one needs it, the site."""

    def __init__(self, options):
        self.options = options
        self.binaries = os.path.join(options.build, "bin")
        self.open_site = None

    def binary(self, name):
        return os.path.join(self.binaries, name)

    def site(self):
        if self.open_site is None:
            if not os.access(self.binary("ingest_load"), os.X_OK):
                raise Skip("ingest_load is not built")
            self.open_site = Site(self.binaries, max(FLEET, self.options.devices))
        return self.open_site

    def close(self):
        if self.open_site is not None:
            self.open_site.close()


def run_parts(context, parts):
    results, failed = {}, []
    say = (lambda text: None) if context.options.json else (lambda text: print(text, flush=True))
    for part in parts:
        say(f"\n{part}   (load of the machine {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores)")
        try:
            figures, results[part] = MEASURES[part](context)
            for figure in figures:
                say(figure.line())
        except Skip as reason:
            say(f"  skipped: {reason}")
            results[part] = {"skipped": str(reason)}
        except (demo.DemoError, bench_tiers.fleet.FleetError, subprocess.SubprocessError, ValueError, OSError) as error:
            demo.say(f"bench: {part}: {error}")
            results[part] = {"error": str(error)}
            failed.append(part)
    say(f"\nkill -9 at random: {KILL_TEST}")
    return results, failed


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS, *ON_REQUEST], metavar="PART",
                        help=", ".join(PARTS) + "; all of these by default. On request: " + ", ".join(ON_REQUEST))
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"), help=argparse.SUPPRESS)
    parser.add_argument("--devices", type=int, default=200, help="publishers of the ingest part")
    parser.add_argument("--seconds", type=float, default=1.5, help="length of an ingest turn")
    parser.add_argument("--rounds", type=int, default=6, help="ingest turns of gateway and null subscriber")
    for name in ("inputs", "evaluation", "labels"):
        parser.add_argument("--kws-" + name, help=f"file of {name} of the keyword model, as `frugalctl model compress` takes it")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    context = Context(options)
    try:
        load = os.getloadavg()[0]
        results, failed = run_parts(context, [part for part in PARTS + ON_REQUEST if part in (options.parts or PARTS)])
        if options.json:
            print(json.dumps({"load_average": load, "cores": os.cpu_count(), **results}, sort_keys=True))
        return 1 if failed else 0
    except KeyboardInterrupt:
        return 130
    finally:
        context.close()


if __name__ == "__main__":
    sys.exit(main())
