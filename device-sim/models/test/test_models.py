# SPDX-License-Identifier: Apache-2.0
"""Tests of the model scripts: /usr/bin/python3 -m unittest discover -s test -t . (quick, no data
set needed). Without numpy everything but the file format is skipped with a line that says so.
"""

import json
import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))

import flatbuffer  # noqa: E402
import networks  # noqa: E402
import tflite_model  # noqa: E402
import tflite_writer  # noqa: E402
from tflite_model import Model, Operator, Tensor  # noqa: E402

try:
    import numpy as np
    import fixed_point
    import interpreter
    import quantize
except ImportError:
    np = None

needs_numpy = unittest.skipIf(np is None, "python3-numpy is not installed")
COMMITTED = sorted(FOLDER.glob("*.tflite"))


def tiny_model():
    """A dense layer and a softmax, small enough to check by hand."""
    tensors = [Tensor("image", (1, 4), "int8", (0.5,), (0,)),
               Tensor("weights", (2, 4), "int8", (0.25,), (0,), 0, bytes([1, 2, 3, 4, 0, 1, 0, 1])),
               Tensor("bias", (2,), "int32", (0.125,), (0,), 0, bytes([8, 0, 0, 0, 0, 0, 0, 0])),
               Tensor("logits", (1, 2), "int8", (0.125,), (3,)),
               Tensor("probabilities", (1, 2), "int8", (1 / 256,), (-128,))]
    operators = [Operator("FULLY_CONNECTED", (0, 1, 2), (3,), {"activation": "none"}),
                 Operator("SOFTMAX", (3,), (4,), {"beta": 1.0})]
    return Model("by hand", tensors, operators, (0,), (4,))


class FlatbufferTest(unittest.TestCase):
    def test_reads_back_scalars_vectors_and_strings(self):
        builder = flatbuffer.Builder()
        text, numbers = builder.string("abc"), builder.vector("int64", [-1, 2 ** 40])
        root = builder.table({0: ("offset", text), 2: ("int8", -5), 3: ("offset", numbers)})
        table = flatbuffer.Table.root(builder.finish(root, b"TEST"), b"TEST")
        self.assertEqual("abc", table.text(0))
        self.assertEqual(7, table.scalar(1, "int32", 7))
        self.assertEqual(-5, table.scalar(2, "int8"))
        self.assertEqual([-1, 2 ** 40], table.values(3, "int64"))

    def test_refuses_another_identifier(self):
        builder = flatbuffer.Builder()
        data = builder.finish(builder.table({}), b"TEST")
        with self.assertRaisesRegex(ValueError, "identifier"):
            flatbuffer.Table.root(data, b"TFL3")

    def test_refuses_a_vector_longer_than_the_file(self):
        builder = flatbuffer.Builder()
        data = bytearray(builder.finish(builder.table(
            {0: ("offset", builder.vector("uint8", b"\x07" * 9))}), b"TEST"))
        place = data.index(b"\x09\0\0\0" + b"\x07" * 9)
        data[place:place + 4] = b"\xff\xff\0\0"
        with self.assertRaisesRegex(ValueError, "longer"):
            flatbuffer.Table.root(bytes(data), b"TEST").raw(0)


class WriterTest(unittest.TestCase):
    def test_reads_back_what_it_wrote(self):
        model = tiny_model()
        self.assertEqual(model, tflite_writer.read(tflite_writer.write(model)))

    def test_aligns_every_buffer_and_leaves_the_first_empty(self):
        data = tflite_writer.write(tiny_model())
        buffers = flatbuffer.Table.root(data, b"TFL3").tables(4)
        self.assertEqual(b"", buffers[0].raw(0))
        for buffer in buffers[1:]:
            self.assertEqual(0, (buffer._target(0) + 4) % 16)

    def test_is_deterministic(self):
        self.assertEqual(tflite_writer.write(tiny_model()), tflite_writer.write(tiny_model()))

    def test_truncated_files_are_refused_not_crashed_on(self):
        data = tflite_writer.write(tiny_model())
        for size in range(0, len(data) - 16, 7):
            try:
                tflite_writer.read(data[:size])
            except (ValueError, IndexError, UnicodeDecodeError):
                pass

    def test_arena_counts_only_what_lives_at_the_same_time(self):
        self.assertEqual(32, tflite_model.arena_bytes(tiny_model()))


class NetworksTest(unittest.TestCase):
    def test_costs_stay_inside_each_device_class(self):
        limits = {"tiny": 100_000, "small": 1_500_000, "edge": 15_000_000}
        for network in networks.NETWORKS.values():
            with self.subTest(network.name):
                self.assertLessEqual(networks.multiply_accumulates(network.layers),
                                     limits[network.device_class])

    def test_same_padding_puts_the_odd_pixel_behind(self):
        self.assertEqual((0, 1), networks.padding_before_after(28, 3, 2))
        self.assertEqual((1, 2), networks.padding_before_after(28, 5, 2))
        self.assertEqual((1, 1), networks.padding_before_after(28, 3, 1))


class CommittedFilesTest(unittest.TestCase):
    LIMITS = {"tiny": (12 * 1024, 2000), "small": (60 * 1024, 48 * 1024),
              "edge": (1024 * 1024, 256 * 1024)}

    def test_figures_match_the_files(self):
        import hashlib
        entries = json.loads((FOLDER / "models.json").read_text())["models"]
        self.assertEqual([path.name for path in COMMITTED], [entry["file"] for entry in entries])
        for path, entry in zip(COMMITTED, entries):
            with self.subTest(path.name):
                data = path.read_bytes()
                self.assertEqual(entry["sha256"], hashlib.sha256(data).hexdigest())
                self.assertEqual(entry["arena_bytes"],
                                 tflite_model.arena_bytes(tflite_writer.read(data)))
                size_limit, arena_limit = self.LIMITS[entry["device_class"]]
                self.assertLessEqual(len(data), size_limit)
                self.assertLessEqual(entry["arena_bytes"], arena_limit)

    def test_input_and_output_are_the_agreed_ones(self):
        for path in COMMITTED:
            with self.subTest(path.name):
                model = tflite_writer.read(path.read_bytes())
                image, chances = model.tensors[model.inputs[0]], model.tensors[model.outputs[0]]
                self.assertEqual(((1, 28, 28, 1), "int8", (-128,)),
                                 (image.shape, image.kind, image.zero_points))
                self.assertAlmostEqual(1 / 255, image.scales[0], places=9)
                self.assertEqual(((1, 10), "int8", (-128,), (1 / 256,)),
                                 (chances.shape, chances.kind, chances.zero_points,
                                  chances.scales))


@needs_numpy
class FixedPointTest(unittest.TestCase):
    def test_quantized_multipliers_are_close_to_the_real_numbers(self):
        for real in (0.75, 1.0, 3.1e-4, 17.0, 0.5 - 2 ** -40):
            mantissa, shift = fixed_point.quantize_multiplier(real)
            self.assertAlmostEqual(real, mantissa * 2.0 ** (shift - 31), delta=real * 1e-9)

    def test_rounding_shift_sends_halves_away_from_zero(self):
        values = np.array([5, -5, 6, -6, 7, -7])
        self.assertEqual([3, -3, 3, -3, 4, -4],
                         fixed_point.rounding_shift_right(values, 1).tolist())

    def test_exponential_is_accurate_over_its_range(self):
        raw = -np.arange(0, 31 << 26, 9_999_991, dtype=np.int64)
        found = fixed_point.exp_on_negative(raw) / 2.0 ** 31
        np.testing.assert_allclose(found, np.exp(raw / 2.0 ** 26), atol=3e-7)

    def test_softmax_is_within_one_step_of_the_real_one(self):
        logits = np.random.RandomState(1).randint(-128, 128, (500, 10)).astype(np.int8)
        for scale in (0.02, 0.1, 0.4):
            real = np.exp(scale * (logits.astype(float) - logits.max(1, keepdims=True)))
            real = np.clip(np.round(256 * real / real.sum(1, keepdims=True)) - 128, -128, 127)
            found = fixed_point.softmax_int8(logits, 1.0, scale)
            self.assertLessEqual(np.abs(found - real).max(), 1)


@needs_numpy
class InterpreterTest(unittest.TestCase):
    def test_dense_layer_by_hand(self):
        model = tiny_model()._replace(outputs=(3,))
        found = interpreter.run(model._replace(operators=model.operators[:1]),
                                np.array([[1, 2, 3, 4]], np.int8))
        self.assertEqual([[38 + 3, 6 + 3]], found.tolist())

    def test_average_pool_rounds_halves_away_from_zero(self):
        tensors = [Tensor("in", (1, 2, 2, 1), "int8", (1.0,), (0,)),
                   Tensor("out", (1, 1, 1, 1), "int8", (1.0,), (0,))]
        options = {"padding": "valid", "stride_width": 2, "stride_height": 2, "filter_width": 2,
                   "filter_height": 2, "activation": "none"}
        model = Model("", tensors, [Operator("AVERAGE_POOL_2D", (0,), (1,), options)], (0,), (1,))
        values = np.array([[1, 1, 0, 0], [-1, -1, 0, 0], [-3, -1, -1, 0]], np.int8)
        self.assertEqual([1, -1, -1], interpreter.run(model, values.reshape(3, 2, 2, 1))
                         .reshape(-1).tolist())


@needs_numpy
class QuantizeTest(unittest.TestCase):
    LAYERS = (networks.Layer("conv", "stem", 4, kernel=3, stride=2, activation="relu6"),
              networks.Layer("depthwise", "spread", kernel=3, activation="relu6"),
              networks.Layer("conv", "mix", 4, kernel=1),
              networks.Layer("add", "sum", other="spread", activation="relu"),
              networks.Layer("max_pool", "pool", kernel=2, stride=2),
              networks.Layer("flatten", "flat"),
              networks.Layer("dense", "logits", 10), networks.Layer("softmax", "probabilities"))

    def _network(self):
        return networks.Network("sample", 1, "small", self.LAYERS, networks.Recipe(1, 1))

    def _parameters(self, random):
        shapes = {"stem": (4, 3, 3, 1), "spread": (1, 3, 3, 4), "mix": (4, 1, 1, 4),
                  "logits": (10, 196)}
        return {name: (random.normal(0, 0.4, shape).astype(np.float32),
                       random.normal(0, 0.1, 10 if name == "logits" else 4).astype(np.float32))
                for name, shape in shapes.items()}

    def test_int8_answers_follow_the_float_network(self):
        import float_network
        random = np.random.RandomState(3)
        parameters, images = self._parameters(random), random.randint(0, 256, (64, 28, 28, 1))
        model = quantize.quantize(self._network(), parameters, images.astype(np.uint8))
        model = tflite_writer.read(tflite_writer.write(model))
        found = interpreter.run(model, (images - 128).astype(np.int8)).astype(float) + 128
        real = float_network.run(self.LAYERS, parameters, images)["probabilities"] * 256
        self.assertLess(np.abs(found - real).mean(), 4.0)
        self.assertGreater((found.argmax(1) == real.argmax(1)).mean(), 0.9)

    def test_weights_never_use_minus_128(self):
        weight = np.random.RandomState(4).normal(size=(5, 3, 3, 2)).astype(np.float32)
        quantized, scales = quantize.quantize_weights(weight, 0)
        self.assertEqual((5,), scales.shape)
        self.assertGreaterEqual(quantized.min(), -127)
        np.testing.assert_allclose(quantized * scales[:, None, None, None], weight,
                                   atol=scales.max() / 2 + 1e-7)

    def test_every_range_holds_zero_exactly(self):
        for values in ([0.5, 2.0], [-3.0, -1.0], [-1.0, 4.0]):
            found = quantize.activation_range(np.array(values), 100.0)
            self.assertTrue(-128 <= found.zero_point <= 127)


if __name__ == "__main__":
    unittest.main()
