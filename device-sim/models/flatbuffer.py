# SPDX-License-Identifier: Apache-2.0
"""A small FlatBuffers builder and reader: just what a model file needs.

Owned by the model scripts. Pure Python. The builder fills its bytes from the end towards the
front, as the format wants (children first); the reader checks every offset before it follows it.
"""

import struct

_FORMATS = {"bool": "?", "int8": "b", "uint8": "B", "uint16": "H", "int32": "i", "uint32": "I",
            "float32": "f", "int64": "q"}


def size_of(kind):
    return struct.calcsize("<" + _FORMATS[kind])


class Builder:
    """Writes one buffer. Positions are counted from the end, so they stay valid as it grows."""

    def __init__(self):
        self._pieces = []  # last written first
        self._size = 0
        self._alignment = 4
        self._shared_tables = {}

    def _push(self, data):
        self._pieces.append(bytes(data))
        self._size += len(data)

    def _align(self, alignment, following=0):
        """Pads so that after `following` more bytes the position is a multiple of alignment."""
        self._alignment = max(self._alignment, alignment)
        self._push(bytes(-(self._size + following) % alignment))

    def string(self, text):
        data = text.encode()
        self._align(4, len(data) + 1)
        self._push(data + b"\0")
        self._push(struct.pack("<I", len(data)))
        return self._size

    def vector(self, kind, values, alignment=4):
        """A vector of scalars; `values` may be bytes when kind is uint8."""
        data = bytes(values) if kind == "uint8" else struct.pack(
            f"<{len(values)}{_FORMATS[kind]}", *values)
        self._align(4, len(data))
        self._align(max(alignment, size_of(kind)), len(data))
        self._push(data)
        self._push(struct.pack("<I", len(values)))
        return self._size

    def offsets(self, positions):
        """A vector of references to tables or strings already written."""
        count = len(positions)
        self._align(4, 4 * count)
        for index, position in enumerate(reversed(positions)):
            self._push(struct.pack("<I", self._size + 4 - position))
        self._push(struct.pack("<I", count))
        return self._size

    def table(self, fields):
        """A table from {field id: (kind, value)}; kind "offset" refers to something written."""
        end = self._size
        places = {}
        order = sorted(fields.items(), key=lambda item: -self._width(item[1][0]))
        for field, (kind, value) in reversed(order):
            width = self._width(kind)
            self._align(width, width)
            if kind == "offset":
                self._push(struct.pack("<I", self._size + 4 - value))
            else:
                self._push(struct.pack("<" + _FORMATS[kind], value))
            places[field] = self._size
        self._align(4, 4)
        return self._close_table(end, places, max(fields, default=-1) + 1)

    @staticmethod
    def _width(kind):
        return 4 if kind == "offset" else size_of(kind)

    def _close_table(self, end, places, field_count):
        """Writes the table's link to its field map, sharing the map with an equal table."""
        start = self._size + 4
        layout = [4 + 2 * field_count, start - end]
        layout += [start - places[field] if field in places else 0 for field in range(field_count)]
        data = struct.pack(f"<{len(layout)}H", *layout)
        shared = self._shared_tables.get(data)
        if shared is None:
            distance = len(data) + (-(start + len(data)) % 2)
            self._push(struct.pack("<i", distance))
            self._push(data)
            self._shared_tables[data] = self._size
        else:
            self._push(struct.pack("<i", shared - start))
        return start

    def finish(self, root, identifier):
        """The whole file, with its four-letter identifier."""
        self._align(self._alignment, 8)
        self._push(identifier)
        self._push(struct.pack("<I", self._size + 4 - root))
        return b"".join(reversed(self._pieces))


class Table:
    """One table of a file; missing fields give their default."""

    def __init__(self, data, position):
        self._data, self._position = data, position
        self._map = position - self._read("int32", position)
        self._map_size = self._read("uint16", self._map)

    @classmethod
    def root(cls, data, identifier):
        if len(data) < 8 or data[4:8] != identifier:
            raise ValueError(f"not a file with the identifier {identifier!r}")
        return cls(data, struct.unpack_from("<I", data)[0])

    def _read(self, kind, position):
        if position < 0 or position + size_of(kind) > len(self._data):
            raise ValueError(f"offset {position} points outside the file")
        return struct.unpack_from("<" + _FORMATS[kind], self._data, position)[0]

    def _place(self, field):
        entry = 4 + 2 * field
        if entry >= self._map_size:
            return None
        distance = self._read("uint16", self._map + entry)
        return self._position + distance if distance else None

    def _target(self, field):
        place = self._place(field)
        return None if place is None else place + self._read("uint32", place)

    def scalar(self, field, kind, default=0):
        place = self._place(field)
        return default if place is None else self._read(kind, place)

    def table(self, field):
        target = self._target(field)
        return None if target is None else Table(self._data, target)

    def raw(self, field, kind="uint8"):
        """The bytes of a vector of scalars, empty when absent."""
        target = self._target(field)
        if target is None:
            return b""
        start, size = target + 4, self._read("uint32", target) * size_of(kind)
        if start + size > len(self._data):
            raise ValueError(f"vector at {target} is longer than the file")
        return self._data[start:start + size]

    def text(self, field):
        return self.raw(field).decode()

    def values(self, field, kind):
        data = self.raw(field, kind)
        return list(struct.unpack(f"<{len(data) // size_of(kind)}{_FORMATS[kind]}", data))

    def tables(self, field):
        target = self._target(field)
        if target is None:
            return []
        count = len(self.raw(field, "uint32")) // 4
        places = [target + 4 + 4 * index for index in range(count)]
        return [Table(self._data, place + self._read("uint32", place)) for place in places]
