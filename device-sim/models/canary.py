# SPDX-License-Identifier: Apache-2.0
"""Registers every device model with the edge model and writes the starting policy.

    /usr/bin/python3 canary.py [--models FOLDER] [--policy ../../config/policies/fashion.toml]

Owned by the model scripts. Needs numpy and dataset-fashion-mnist. The gain tables come from the
500 canary samples alone; the test images only tell what the policy then does (models.json).
"""

import argparse
import hashlib
from pathlib import Path

import packages

packages.need("numpy")

import numpy as np

import bonsai_format
import dataset
import figures
import gain
import networks
import tflite_writer
from convert import predictions

EDGE = "fashion-edge"
TREES = ("fashion-bonsai",)
PRICES = (1, 8, 16, 32, 48, 64, 96, 128)

# price = (payload * bytes/16 + latency * rtt_ms/4 + load * max(load, price) +
#          battery * (510 - battery_half_percent)) >> shift
WEIGHTS = {"payload": 13, "latency": 16, "load": 32, "battery": 6}
SHIFT = 6
PAYLOAD_BYTES = 784
NOMINAL = {"rtt_ms": 16, "load": 0, "battery_half_percent": 200}

_HEADER = """\
# Offload policy of the task "fashion": which answers a device gives itself and which it asks the
# edge model for. The gain tables are measured: device-sim/models/canary.py wrote this file from
# {canary} labelled samples that no model was trained on. Edit prices, caps, guards and classes
# freely; run the script again after training new models.

[policy]
id = "fashion-start"
expires = "72h"
fail_safe = "local"

[units]
error = 1.0  # a gain or price of 256 is one wrong answer

[task.fashion]
edge = "{edge}@sha256:{edge_digest}"
deadline = "800ms"
payload_bytes = {payload}
privacy = "edge-only"
caps = {{ node_per_hour = 2040, group_share = 0.25 }}
# What is learned of a gain stays within the owner's bounds, of all classes or of one; see
# docs/how-to/change-a-policy.md. As they are here they allow every gain.
bounds = {{ floor = 0, ceiling = 1 }}
classes = {{ }}
# classes = {{ shirt = "always-edge", sandal = "always-local", coat = {{ ceiling = 0.6 }} }}
# pin = "always-local"  # or "always-edge": every answer, whatever stands below
audit = "1/256"
learn = "isogain"

# price = (payload * bytes/16 + latency * rtt_ms/4 + load * max(load, price)
#          + battery * (510 - battery_half_percent)) >> shift
# {nominal} on an idle gateway at {rtt} ms and with a full battery; {loaded} when the gateway is
# fully loaded; {empty} with an empty battery.
[task.fashion.price]
payload = {weight_payload}
latency = {weight_latency}
load = {weight_load}
battery = {weight_battery}
shift = {shift}

[[guard]]
when = "battery < 20%"
then = "local"
"""

_PAIR = """
# Device model alone {local:.2%}, edge model {edge:.2%}; at price {price} it asks for {share:.1%}
# and the system is right in {accuracy:.2%} (10,000 test images).
[[task.fashion.model]]
name = "{name}"
sha256 = "{digest}"
temperature = {temperature:.4f}
rho = {rho:.4f}
canary = {canary}
gain = [
{rows}
]
"""


def price(rtt_ms, load, battery_half_percent):
    """The price a device computes, as an integer: the sum above, shifted."""
    total = (WEIGHTS["payload"] * (PAYLOAD_BYTES // 16) + WEIGHTS["latency"] * (rtt_ms // 4)
             + WEIGHTS["load"] * load + WEIGHTS["battery"] * (510 - battery_half_percent))
    return total >> SHIFT


def _read(folder, name):
    data = (folder / f"{name}.tflite").read_bytes()
    return tflite_writer.read(data), hashlib.sha256(data).hexdigest()


def _tree_predictions(tree, images):
    """As predictions() of convert.py; of a tree the device knows one probability, its answer's."""
    inputs = dataset.to_int8(images).reshape(len(images), -1)
    classes, confidences = bonsai_format.confidences(tree, inputs)
    chances = np.zeros((len(inputs), tree.classes), np.int64)
    chances[np.arange(len(inputs)), classes] = confidences
    return chances


def _device_models(folder):
    """Name, digest and predictions(images) of every model that devices run."""
    for name, network in networks.NETWORKS.items():
        if network.device_class != "edge":
            model, digest = _read(folder, name)
            yield name, digest, lambda images, model=model: predictions(model, images)
    for name in TREES:
        data = (folder / f"{name}.frbn").read_bytes()
        tree = bonsai_format.read(data)
        yield (name, hashlib.sha256(data).hexdigest(),
               lambda images, tree=tree: _tree_predictions(tree, images))


def measure(split, folder):
    """One entry per device model: its registration and what each price does."""
    edge, edge_digest = _read(folder, EDGE)
    edge_canary = predictions(edge, split.canary.images)
    edge_test = predictions(edge, split.test.images)
    nominal = price(**NOMINAL)
    pairs = []
    for name, digest, predict in _device_models(folder):
        local = predict(split.test.images)
        found = gain.register(predict(split.canary.images), edge_canary, split.canary.labels)
        outcomes = [gain.outcome(local, edge_test, split.test.labels, found.table, one)._asdict()
                    for one in sorted({*PRICES, nominal})]
        pairs.append({"name": name, "sha256": digest, "edge": EDGE, "edge_sha256": edge_digest,
                      "temperature": round(found.temperature, 4), "rho": round(found.rho, 4),
                      "canary_counts": found.counts.tolist(),
                      "canary_gains": found.gains.tolist(), "gain": found.table.tolist(),
                      "accuracy_local": float((local.argmax(1) == split.test.labels).mean()),
                      "accuracy_edge": float((edge_test.argmax(1) == split.test.labels).mean()),
                      "nominal_price": nominal, "outcomes": outcomes})
    return pairs


def _pair_text(pair):
    rows = [", ".join(f"{value:3d}" for value in pair["gain"][start:start + 8])
            for start in range(0, gain.BINS, 8)]
    chosen = next(one for one in pair["outcomes"] if one["price"] == pair["nominal_price"])
    return _PAIR.format(name=pair["name"], digest=pair["sha256"], temperature=pair["temperature"],
                        rho=pair["rho"], canary=sum(pair["canary_counts"]),
                        local=pair["accuracy_local"], edge=pair["accuracy_edge"],
                        rows=",\n".join("    " + row for row in rows), **chosen)


def policy_text(pairs):
    """The whole policy file."""
    header = _HEADER.format(
        canary=dataset.CANARY_COUNT, edge=EDGE, edge_digest=pairs[0]["edge_sha256"],
        payload=PAYLOAD_BYTES, shift=SHIFT, rtt=NOMINAL["rtt_ms"], nominal=price(**NOMINAL),
        loaded=price(**{**NOMINAL, "load": 255}),
        empty=price(**{**NOMINAL, "battery_half_percent": 0}),
        **{f"weight_{name}": value for name, value in WEIGHTS.items()})
    return header + "".join(_pair_text(pair) for pair in pairs)


def main():
    here = Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=here)
    parser.add_argument("--policy", type=Path,
                        default=here.parent.parent / "config" / "policies" / "fashion.toml")
    options = parser.parse_args()
    pairs = measure(dataset.load(), options.models)
    for pair in pairs:
        print(pair["name"], pair["gain"])
        for one in pair["outcomes"]:
            print(f"  price {one['price']:3d} share {one['share']:.4f} "
                  f"accuracy {one['accuracy']:.4f}")
    options.policy.write_text(policy_text(pairs))
    figures.update(options.models / "models.json", {"pairs": pairs})


if __name__ == "__main__":
    main()
