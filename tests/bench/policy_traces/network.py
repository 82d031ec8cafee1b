# SPDX-License-Identifier: Apache-2.0
"""A small multilayer perceptron in numpy, trained with Adam: the models of the traces.

Owned by the policy bench. Pure; the same seed trains the same network.
"""

import numpy as np


def softmax(logits):
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


class Network:
    """Inputs are standardised by the training data; `columns` are the inputs it may look at."""

    def __init__(self, columns, hidden, classes, rng):
        widths = [len(columns), *hidden, classes]
        self.columns = columns
        self.mean = self.deviation = None
        self.parameters = []
        for fan_in, fan_out in zip(widths[:-1], widths[1:]):
            self.parameters.append(rng.normal(0, np.sqrt(2 / fan_in), (fan_in, fan_out)))
            self.parameters.append(np.zeros(fan_out))

    def standardise(self, inputs):
        return (inputs[:, self.columns] - self.mean) / self.deviation

    def layers(self, values):
        """Activations of every layer; the last are the logits."""
        outputs = [values]
        for index in range(0, len(self.parameters), 2):
            values = values @ self.parameters[index] + self.parameters[index + 1]
            if index + 2 < len(self.parameters):
                values = np.maximum(values, 0)
            outputs.append(values)
        return outputs

    def chances(self, inputs):
        """Softmax outputs [count, classes]."""
        return softmax(self.layers(self.standardise(inputs))[-1])

    def gradients(self, values, labels):
        outputs = self.layers(values)
        error = softmax(outputs[-1])
        error[np.arange(len(labels)), labels] -= 1
        error /= len(labels)
        found = []
        for index in range(len(self.parameters) - 2, -1, -2):
            before = outputs[index // 2]
            found[:0] = [before.T @ error, error.sum(0)]
            error = (error @ self.parameters[index].T) * (before > 0)
        return found

    def train(self, inputs, labels, epochs, rng, batch=64, rate=2e-3):
        chosen = inputs[:, self.columns]
        self.mean, self.deviation = chosen.mean(0), chosen.std(0) + 1e-3
        values = self.standardise(inputs)
        first = [np.zeros_like(one) for one in self.parameters]
        second = [np.zeros_like(one) for one in self.parameters]
        step = 0
        for _ in range(epochs):
            order = rng.permutation(len(labels))
            for start in range(0, len(order), batch):
                rows = order[start:start + batch]
                step += 1
                for index, slope in enumerate(self.gradients(values[rows], labels[rows])):
                    first[index] = 0.9 * first[index] + 0.1 * slope
                    second[index] = 0.999 * second[index] + 0.001 * slope * slope
                    self.parameters[index] -= rate * (first[index] / (1 - 0.9**step)) / (
                        np.sqrt(second[index] / (1 - 0.999**step)) + 1e-8)
        return self
