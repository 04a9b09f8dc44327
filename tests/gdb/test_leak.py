"""`kernel leak`: what is pointed to is not shown; what the test itself took every pointer from is, and nothing else."""
import json
import mmap
import re

import pytest

from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def test_what_is_in_lists_is_pointed_to(dump):
    """Tasks are in lists; the rig's objects in its containers."""
    for cache in ("task_struct", "vmcore_rig_item"):
        caches = dump.json(f"kernel kmem -s {cache}")["caches"]
        found = dump.json(f"kernel leak {cache}")
        assert found["totals"]["used"] == caches[0]["allocated"] > 10
        tasks = {task["task"] for task in dump.json("kernel ps")["tasks"]} if cache == "task_struct" else set()
        listed = {row["object"] for row in found["objects"]}
        assert not listed & tasks and len(listed) == found["totals"]["unreferenced"]
        if cache == "vmcore_rig_item":
            assert not listed
    assert "leak: there is no cache nonsense" in dump.gdb("kernel leak nonsense", status=1)


def pointers(copy, start, size):
    """Places in the ELF file, found by this test alone, of aligned words that lie in [START, START + SIZE)."""
    assert start >> 16 == start + size - 1 >> 16
    word, big = copy.word, copy.order == ">"
    # All bytes but the two lowest are the same in each of them.
    high = copy.pack(start >> 16 << 16)[:-2] if big else copy.pack(start)[2:]
    with open(copy.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for kind, _, offset, _, _, length, *_ in copy.headers:
            at = data.find(high, offset, offset + length) if kind == 1 else -1
            while at >= 0:
                place = at if big else at - 2
                value = int.from_bytes(data[place:place + word], "big" if big else "little")
                if place >= offset and (place - offset) % word == 0 and start <= value < start + size:
                    yield place
                at = data.find(high, at + 1, offset + length)


def test_without_its_pointers(dump):
    """Every word that leads to one process's sighand_struct is overwritten: it alone is shown then."""
    caches = dump.json("kernel kmem -s sighand_cache")["caches"]
    object_size = caches[0]["object_size"]
    before = {row["object"] for row in dump.json("kernel leak sighand_cache")["objects"]}
    pid = dump.pid("nanosleep")
    address = int(re.search(r"AT (\d+)", dump.python(f"import vmcore\nprint('AT', int(vmcore.task({pid}).value['sighand']))"))[1])
    assert hex(address) not in before
    with Poked(dump) as copy:
        own = {place + at for place in copy.offsets(copy.physical(address)) for at in range(0, object_size, copy.word)}
        found = set(pointers(copy, address, object_size))
        # Its task's; and its own, since an empty list points to itself.
        assert found - own and found & own
        with open(copy.path, "r+b") as file:
            for place in found - own:
                file.seek(place)
                file.write(bytes(copy.word))
        said = dump.gdb("kernel leak -j sighand_cache", vmcore=copy.save())
    after = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    assert {row["object"] for row in after["objects"]} == before | {hex(address)}
    assert any("this is a hint" in note for note in after["notes"])
