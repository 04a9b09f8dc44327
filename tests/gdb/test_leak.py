"""`kernel leak`: what is pointed to is not shown; what the test itself took every pointer from is, and nothing else."""
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
    word, high = copy.word, copy.pack(start >> 16 << 16)
    pattern = re.escape(high[:-2]) + b".." if copy.order == ">" else b".." + re.escape(high[2:])
    with open(copy.path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for kind, _, offset, _, _, length, *_ in copy.headers:
            if kind != 1:
                continue
            # Matches may overlap; only those of whole words are wanted.
            for match in re.compile(b"(?=(" + pattern + b"))", re.S).finditer(data, offset, offset + length):
                value = int.from_bytes(match[1], "little" if copy.order == "<" else "big")
                if (match.start() - offset) % word == 0 and start <= value < start + size:
                    yield match.start()


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
        after = dump.json("kernel leak sighand_cache", vmcore=copy.save())
    assert {row["object"] for row in after["objects"]} == before | {hex(address)}
    assert any("this is a hint" in note for note in after["notes"])
