# SPDX-License-Identifier: Apache-2.0
"""Trains a Bonsai tree and writes it as a container of at most 2 KB.

    /usr/bin/python3 train_bonsai.py fashion                    # fashion-bonsai.frbn
    /usr/bin/python3 train_bonsai.py mnist-2 --data FOLDER      # mnist-2-bonsai.frbn

Owned by the model scripts. Needs python3-torch and python3-numpy. One thread and fixed seeds.
The network is that of Kumar, Goyal and Varma (ICML 2017): a sparse projection Z, and in the nodes
of one shallow tree scores W x tanh(sigma V), with branches that harden while it trains. Three
phases: dense; iterative hard thresholding of Z; all weights on their integer grids. The test images
only report.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import NamedTuple

import packages

packages.need("numpy", "torch")

import numpy as np
import torch
from torch.nn import functional

import bonsai_format
import dataset

BATCH = 256
SHARPNESS_LAST = 40.0  # of the branches, from 1 on


class Recipe(NamedTuple):
    file: str
    classes: int
    features: int
    depth: int
    nonzeros: int  # of the projection
    epochs: int
    seed: int


RECIPES = {"fashion": Recipe("fashion-bonsai.frbn", 10, 11, 1, 984, 60, 501),
           "mnist-2": Recipe("mnist-2-bonsai.frbn", 2, 12, 3, 1255, 60, 502)}


class Tree(torch.nn.Module):
    """The tree in floats; after freeze() its weights stand on the grids of the container."""

    def __init__(self, inputs, recipe):
        super().__init__()
        rows = 1 if recipe.classes == 2 else recipe.classes
        nodes, width = 2 ** (recipe.depth + 1) - 1, recipe.features + 1
        self.depth, self.is_frozen, self.sharpness = recipe.depth, False, 1.0
        self.projection = torch.nn.Parameter(torch.randn(recipe.features, inputs) * 0.05)
        self.offset = torch.nn.Parameter(torch.zeros(recipe.features))
        self.branch = torch.nn.Parameter(torch.randn(2 ** recipe.depth - 1, width) * 0.3)
        self.gate = torch.nn.Parameter(torch.randn(nodes, rows, width) * 0.3)
        self.score = torch.nn.Parameter(torch.randn(nodes, rows, width) * 0.3)
        self.mask = torch.ones_like(self.projection)
        self.steps = None

    def freeze(self):
        """Chooses the step of each projection row by its squared error; grids hold from now on."""
        weights = (self.projection * self.mask).detach()
        most = weights.abs().amax(1, keepdim=True)
        best, steps = torch.full_like(most, float("inf")), most / 7
        for share in np.linspace(0.3, 1.0, 29):
            step = most * share / 7
            error = ((torch.clamp(torch.round(weights / step), -7, 7) * step - weights) ** 2)
            error = error.sum(1, keepdim=True)
            steps, best = torch.where(error < best, step, steps), torch.minimum(error, best)
        self.steps, self.is_frozen = steps, True

    def parts(self):
        """Projection, branch, gate and score as they count: masked, and on their grids."""
        projection = self.projection * self.mask
        if not self.is_frozen:
            return projection, self.branch, self.gate, self.score
        grid = torch.clamp(torch.round(projection / self.steps), -7, 7) * self.steps
        return (through(projection, grid), *(through(part, part_on_grid(part))
                                             for part in (self.branch, self.gate, self.score)))

    def forward(self, images):
        projection, branch, gate, score = self.parts()
        features = images @ projection.T + self.offset
        features = torch.cat([torch.clamp(features, -8, 8), torch.ones(len(images), 1)], 1)
        share = [torch.ones(len(images))]
        for node in range(2 ** self.depth - 1):
            side = torch.tanh(self.sharpness * (features @ branch[node]))
            if self.is_frozen:
                side = through(side, torch.where(side > 0, 1.0, -1.0))
            share += [share[node] * (1 - side) / 2, share[node] * (1 + side) / 2]
        shares = torch.stack(share, 1)[:, :, None]
        gates = torch.tanh(torch.einsum("nf,ksf->nks", features, gate))
        scores = torch.einsum("nf,ksf->nks", features, score)
        return (shares * scores * gates).sum(1)


def through(soft, hard):
    """Forward the hard value, backward the gradient of the soft one."""
    return soft + (hard - soft).detach()


def shift_of(part):
    """Exponent of the finest power-of-two grid on which the largest value is at most 127."""
    return int(np.floor(np.log2(127.0 / float(part.detach().abs().max()))))


def part_on_grid(part):
    step = 2.0 ** -shift_of(part)
    return torch.clamp(torch.round(part / step), -127, 127) * step


def prune(tree, count):
    """Keeps the `count` largest weights of the projection."""
    weights = (tree.projection * tree.mask).detach().abs().flatten()
    least = torch.topk(weights, count).values[-1]
    tree.mask = ((tree.projection * tree.mask).detach().abs() >= least).float()


def loss_of(outputs, labels):
    if outputs.shape[1] == 1:
        return functional.binary_cross_entropy_with_logits(outputs[:, 0], labels.float())
    return functional.cross_entropy(outputs, labels)


def schedule(tree, recipe, epoch, share):
    """Density, sharpness and grids of this moment of the training."""
    dense, sparse, grids = recipe.epochs // 6, recipe.epochs // 2, recipe.epochs * 3 // 5
    progress = (epoch + share) / recipe.epochs
    tree.sharpness = SHARPNESS_LAST ** min(1.0, progress / 0.6)
    if epoch >= dense and not tree.is_frozen:
        done = min(1.0, (epoch + share - dense) / (sparse - dense))
        total = tree.projection.numel()
        prune(tree, int(recipe.nonzeros + (total - recipe.nonzeros) * (1 - done) ** 3))
    if epoch >= grids and not tree.is_frozen:
        tree.freeze()


def train(recipe, images, labels):
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)
    tree = Tree(images.shape[1], recipe)
    steps = len(images) // BATCH
    optimizer = torch.optim.Adam(tree.parameters(), lr=4e-3)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs * steps, 2e-5)
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(images))
        for step in range(steps):
            if step % 50 == 0:
                schedule(tree, recipe, epoch, step / steps)
            chosen = order[step * BATCH:(step + 1) * BATCH]
            loss = loss_of(tree(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rate.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}", flush=True)
    return tree


def to_integers(tree, recipe):
    """The trained tree as a container's integers. Inputs are pixels: x = byte + 128 of 255."""
    weights = (tree.projection * tree.mask).detach()
    grid = torch.clamp(torch.round(weights / tree.steps), -7, 7).numpy().astype(np.int8)
    factors = tree.steps.numpy()[:, 0] * bonsai_format.ONE / 255
    shift = int(np.floor(np.log2(65535 / factors.max())))
    shifts = [shift_of(part) for part in (tree.branch, tree.gate, tree.score)]
    dense = [torch.clamp(torch.round(part.detach() * 2.0 ** by), -127, 127).numpy().astype(np.int8)
             for part, by in zip((tree.branch, tree.gate, tree.score), shifts)]
    return bonsai_format.Bonsai(
        len(grid[0]), -128, recipe.classes, recipe.depth, grid,
        np.round(factors * 2.0 ** shift).astype(np.uint16),
        np.round(tree.offset.detach().numpy() * bonsai_format.ONE).astype(np.int16), shift,
        dense[0], dense[1], shifts[1], dense[2], shifts[2], 0)


def calibrate(model, inputs, labels):
    """The confidence shift whose log loss is least: how many halvings of a score make a logit."""
    scores = np.sort(bonsai_format.scores_of(model, inputs), axis=1)
    margin = np.abs(scores[:, 0]) if model.classes == 2 else scores[:, -1] - scores[:, -2]
    right = bonsai_format.predict(model, inputs) == labels
    best = None
    for shift in range(8):
        chance = (1 + np.tanh(margin / bonsai_format.ONE / 2.0 ** shift / 2)) / 2
        chance = np.clip(chance, 1e-4, 1 - 1e-4)
        loss = -np.mean(np.where(right, np.log(chance), np.log(1 - chance)))
        if best is None or loss < best[0]:
            best = (loss, shift)
    return model._replace(confidence_shift=best[1])


def load(name, folder):
    """Training, validation and test samples as (pixels - 128 [count, 784], labels)."""
    split = dataset.load(folder)
    parts = []
    for part in (split.training, split.validation, split.test):
        labels = part.labels.astype(np.int64)
        # MNIST-2: even digits against odd ones.
        labels = labels % 2 if name == "mnist-2" else labels
        parts.append((dataset.to_int8(part.images).reshape(len(labels), -1), labels))
    return parts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--data", default=dataset.DEFAULT_FOLDER, help="folder of the idx files")
    parser.add_argument("--out", default=Path(__file__).parent, type=Path)
    options = parser.parse_args()
    recipe = RECIPES[options.name]
    training, validation, test = load(options.name, options.data)
    images = torch.from_numpy((training[0].astype(np.float32) + 128) / 255)
    tree = train(recipe, images, torch.from_numpy(training[1]))
    model = calibrate(to_integers(tree, recipe), *validation)
    data = bonsai_format.write(model)
    with torch.no_grad():
        outputs = tree(torch.from_numpy((test[0].astype(np.float32) + 128) / 255))
    guess = outputs[:, 0] > 0 if recipe.classes == 2 else outputs.argmax(1)
    accuracy = (bonsai_format.predict(bonsai_format.read(data), test[0]) == test[1]).mean()
    (options.out / recipe.file).write_bytes(data)
    record(options.out / "bonsai.json", {
        "file": recipe.file, "bytes": len(data), "classes": recipe.classes,
        "features": recipe.features, "depth": recipe.depth, "seed": recipe.seed,
        "epochs": recipe.epochs, "projection_weights": int(np.count_nonzero(model.projection)),
        "accuracy_float": round(float((guess.numpy() == test[1]).mean()), 4),
        "accuracy_integer": round(float(accuracy), 4),
        "sha256": hashlib.sha256(data).hexdigest(),
        "golden": bonsai_format.golden_digest(bonsai_format.read(data))})


def record(path, figures):
    """Puts the figures of one model into the file, in place of its earlier ones."""
    known = json.loads(path.read_text()) if path.exists() else []
    known = [one for one in known if one["file"] != figures["file"]] + [figures]
    path.write_text(json.dumps(sorted(known, key=lambda one: one["file"]), indent=2) + "\n")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
