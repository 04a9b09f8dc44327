# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads .gdb_index files (gdb's manual, "Index Section Format"), to compare ours with gdb's own."""

import bisect
import struct

KINDS = {1: "type", 2: "variable", 3: "function", 4: "other"}


class Index:
    """units: [(offset, size)]; names: {name: {(kind, is_static, number of the unit)}};
    address map: starts and owners, as gdb builds it from the ranges."""

    def __init__(self, path):
        data = path.read_bytes()
        header = struct.unpack_from("<6I", data)
        self.version, units, types, ranges, symbols, pool = header
        symbols_end = pool
        if self.version >= 9:   # has one more part before the pool
            pool = struct.unpack_from("<I", data, 24)[0]
        self.pool = pool
        self.size = len(data)
        self.units = list(struct.iter_unpack("<QQ", data[units:types]))
        self.types = list(struct.iter_unpack("<QQQ", data[types:ranges]))
        self.ranges = list(struct.iter_unpack("<QQI", data[ranges:symbols]))
        self.slots = list(struct.iter_unpack("<II", data[symbols:symbols_end]))
        self.names = {}
        for name_at, vector_at in self.slots:
            if not name_at and not vector_at:
                continue
            name = data[pool + name_at : data.index(b"\0", pool + name_at)]
            count = struct.unpack_from("<I", data, pool + vector_at)[0]
            values = struct.unpack_from(f"<{count}I", data, pool + vector_at + 4)
            assert name not in self.names, name
            self.names[name] = {(KINDS[v >> 28 & 7], bool(v >> 31), v & 0xFFFFFF) for v in values}
            assert len(self.names[name]) == count, name

    @staticmethod
    def hash(name):
        value = 0
        for byte in name.lower():
            value = (value * 67 + byte - 113) & 0xFFFFFFFF
        return value

    def lookup(self, data, name):
        """As gdb does: by the hash, not by reading all slots."""
        mask = len(self.slots) - 1
        at = self.hash(name) & mask
        step = (self.hash(name) * 17 & mask) | 1
        while self.slots[at] != (0, 0):
            start = self.pool + self.slots[at][0]
            if data[start : start + len(name) + 1] == name + b"\0":
                return True
            at = (at + step) & mask
        return False

    def address_map(self):
        """[(start, end, unit)], sorted, without overlaps: the first range that has an address owns it."""
        edges = sorted({edge for start, end, _ in self.ranges for edge in (start, end)})
        owners = [None] * len(edges)
        for start, end, unit in self.ranges:
            first = bisect.bisect_left(edges, start)
            for i in range(first, bisect.bisect_left(edges, end, first)):
                if owners[i] is None:
                    owners[i] = unit
        result = []
        for i, owner in enumerate(owners):
            if owner is None:
                continue
            if result and result[-1][1] == edges[i] and result[-1][2] == owner:
                result[-1] = (result[-1][0], edges[i + 1], owner)
            else:
                result.append((edges[i], edges[i + 1], owner))
        return result
