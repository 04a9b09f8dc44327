"""`kernel slabtop`, held against /proc/slabinfo as the guest recorded it, and against slabs counted in the page array."""
import collections

import pytest

from test_kmem_slab import recorded

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def test_figures_are_the_guests(dump):
    ours = {row["name"]: row for row in dump.json("kernel slabtop")["caches"]}
    theirs, same = recorded(dump), 0
    assert set(theirs) <= set(ours)
    for name, record in theirs.items():
        row = ours[name]
        assert (row["per_slab"], row["pages_per_slab"]) == (record["per_slab"], record["pages"]), name
        assert row["size"] <= record["size"] and row["active"] + row["cached"] <= row["objects"], name
        assert row["use_percent"] == (row["active"] * 100 // row["objects"] if row["objects"] else None), name
        # What CPUs and nodes keep is active for /proc. (The guest went on after its record.)
        same += (row["objects"], row["slabs"]) == (record["objects"], record["slabs"])
    assert same > len(theirs) // 2


def test_totals_are_the_kernels(dump):
    found = dump.json("kernel slabtop")
    totals, rows = found["totals"], found["caches"]
    assert totals["caches"] == len(rows)
    for key in ("objects", "active", "cache_bytes"):
        assert totals[key] == sum(row[key] for row in rows)
    # A slab that was made while memory was short is smaller than its cache's others; none was, or the kernel's counter would say so.
    assert totals["s_reclaimable_bytes"] == totals["reclaimable_bytes"] == sum(row["cache_bytes"] for row in rows if row["reclaimable"])
    assert totals["s_unreclaim_bytes"] >= totals["cache_bytes"] - totals["reclaimable_bytes"]


def test_slabs_are_in_the_page_array(dump):
    slabs = collections.defaultdict(set)
    for row in dump.json("kernel kmem -S")["objects"]:
        slabs[row["cache"]].add(row["slab"])
    counted = collections.Counter()
    for row in dump.json("kernel slabtop")["caches"]:
        counted[row["name"]] += row["slabs"]    # names need not be unique
    assert {name: len(found) for name, found in slabs.items()} == {name: count for name, count in counted.items() if count}


def test_order(dump):
    keys = {"a": "active", "b": "per_slab", "c": "cache_bytes", "l": "slabs", "o": "objects", "p": "pages_per_slab", "s": "size"}
    for letter, key in keys.items():
        values = [row[key] for row in dump.json(f"kernel slabtop -s {letter}")["caches"]]
        assert values == sorted(values, reverse=True), letter
    names = [row["name"] for row in dump.json("kernel slabtop -s n")["caches"]]
    assert names == sorted(names)
    uses = [row["use_percent"] for row in dump.json("kernel slabtop -s u")["caches"] if row["use_percent"] is not None]
    assert uses == sorted(uses, reverse=True)
    assert "-s v? It is one letter" in dump.gdb("kernel slabtop -s v", status=1)
