# SPDX-License-Identifier: Apache-2.0
"""Trains the networks of networks.py and writes their folded weights.

    /usr/bin/python3 train.py --work build/models [NAME...]

Owned by the model scripts. Needs python3-torch, python3-numpy and dataset-fashion-mnist. One
thread and fixed seeds: the same machine gives the same weights. Never looks at the test images.
"""

import argparse
import copy
import time
from pathlib import Path

import packages

packages.need("numpy", "torch")

import numpy as np
import torch
from torch.nn import functional

import dataset
import networks
from torch_network import TorchNetwork, folded_parameters


def _shifted(images, limit, generator):
    count, _, height, width = images.shape
    padded = functional.pad(images, (limit,) * 4)
    offsets = torch.randint(0, 2 * limit + 1, (2, count), generator=generator)
    rows = offsets[0][:, None] + torch.arange(height)
    columns = offsets[1][:, None] + torch.arange(width)
    return padded[torch.arange(count)[:, None, None], 0, rows[:, :, None],
                  columns[:, None, :]][:, None]


def _erased(images, probability, generator):
    count, _, height, width = images.shape
    size = torch.randint(4, 13, (2, count, 1), generator=generator)
    corner = torch.randint(0, height, (2, count, 1), generator=generator)
    rows, columns = torch.arange(height), torch.arange(width)
    inside_rows = (rows >= corner[0]) & (rows < corner[0] + size[0])
    inside_columns = (columns >= corner[1]) & (columns < corner[1] + size[1])
    chosen = torch.rand(count, generator=generator) < probability
    mask = inside_rows[:, :, None] & inside_columns[:, None, :] & chosen[:, None, None]
    return images.masked_fill(mask[:, None], 0.0)


def augmented(images, recipe, generator):
    """A batch after the recipe's random flips, shifts and blanked rectangles."""
    if recipe.flip:
        chosen = torch.rand(len(images), generator=generator) < 0.5
        images = torch.where(chosen[:, None, None, None], images.flip(3), images)
    if recipe.shift:
        images = _shifted(images, recipe.shift, generator)
    if recipe.erase:
        images = _erased(images, recipe.erase, generator)
    return images


def _to_tensor(images):
    return torch.from_numpy(images.astype(np.float32) / 255.0).permute(0, 3, 1, 2).contiguous()


def accuracy(module, samples):
    """Share of right answers of the float network."""
    module.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(samples.labels), 500):
            part = slice(start, start + 500)
            answers = module(_to_tensor(samples.images[part])).argmax(1).numpy()
            right += int((answers == samples.labels[part]).sum())
    return right / len(samples.labels)


def _update_mean(mean, module, step, decay):
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for kept, current in zip(mean.state_dict().values(), module.state_dict().values()):
            if kept.dtype.is_floating_point:
                kept.mul_(decay).add_(current, alpha=1 - decay)
            else:
                kept.copy_(current)


def train(network, training, validation, start):
    """Returns the trained module; `start` is a module of the same layers or None."""
    recipe = network.recipe
    torch.manual_seed(recipe.seed)
    generator = torch.Generator().manual_seed(recipe.seed)
    module = copy.deepcopy(start) if start else TorchNetwork(network.layers)
    mean = copy.deepcopy(module) if recipe.average else module
    images = _to_tensor(training.images)
    labels = torch.from_numpy(training.labels.astype(np.int64))
    steps = len(labels) // recipe.batch
    optimizer = torch.optim.AdamW(module.parameters(), recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, total_steps=steps * recipe.epochs, pct_start=0.2)
    for epoch in range(recipe.epochs):
        began, module_loss = time.monotonic(), 0.0
        module.train()
        order = torch.randperm(len(labels), generator=generator)
        for step in range(steps):
            chosen = order[step * recipe.batch:(step + 1) * recipe.batch]
            batch = augmented(images[chosen], recipe, generator)
            loss = functional.cross_entropy(module(batch), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            module_loss += loss.item()
            if recipe.average:
                _update_mean(mean, module, epoch * steps + step, recipe.average)
        print(f"{network.name} epoch {epoch + 1}/{recipe.epochs} loss {module_loss / steps:.4f} "
              f"validation {accuracy(mean, validation):.4f} "
              f"{time.monotonic() - began:.0f} s", flush=True)
    return mean


def _save(module, network, folder):
    arrays = {}
    for name, (weight, bias) in folded_parameters(module).items():
        arrays[name + ":weight"], arrays[name + ":bias"] = weight, bias
    np.savez(folder / f"{network.name}.npz", **arrays)
    torch.save(module.state_dict(), folder / f"{network.name}.pt")


def _start_module(network, folder):
    if network.recipe.start is None:
        return None
    module = TorchNetwork(network.layers)
    module.load_state_dict(torch.load(folder / f"{network.recipe.start}.pt"))
    return module


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", default=list(networks.NETWORKS))
    parser.add_argument("--work", type=Path, required=True, help="folder for the float weights")
    options = parser.parse_args()
    unknown = set(options.names) - set(networks.NETWORKS)
    if unknown:
        parser.error(f"unknown networks {sorted(unknown)}; known: {sorted(networks.NETWORKS)}")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    options.work.mkdir(parents=True, exist_ok=True)
    split = dataset.load()
    for name in options.names:
        network = networks.NETWORKS[name]
        module = train(network, split.training, split.validation,
                       _start_module(network, options.work))
        _save(module, network, options.work)


if __name__ == "__main__":
    main()
