"""Damage in a slab's freelist: found, located and said, and the rest is shown. The links are made here, coded as the kernel codes them."""
import collections
import json
import re

import pytest

from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


class Links:
    """A cache's links between free objects, as get_freepointer() (mm/slub.c) reads them."""

    def __init__(self, dump, copy, cache):
        self.copy = copy
        member = f"((struct kmem_cache *){cache})->"
        said = dump.gdb(f"print/u (unsigned int){member}offset", f"print/u (unsigned long){member}random", f"print/u (unsigned int){member}size")
        self.offset, self.random, self.size = (int(value) for value in re.findall(r"^\$\d+ = (\d+)", said, re.M))

    def code(self, at, value):
        turned = int.from_bytes(at.to_bytes(self.copy.word, "big"), "little")
        return value ^ self.random ^ turned

    def get(self, object_):
        at = object_ + self.offset
        return self.code(at, self.copy.read_word(at))

    def set(self, object_, value):
        at = object_ + self.offset
        self.copy.write_word(at, self.code(at, value))


def free_of(objects):
    """A slab with three objects or more on its own freelist: its rows."""
    slabs = collections.defaultdict(list)
    for row in objects:
        slabs[row["slab"]].append(row)
    return max(slabs.values(), key=lambda rows: sum(row["state"] == "free" for row in rows))


@pytest.mark.parametrize("damage", ["outside", "between", "circle"])
def test_freelist(dump, damage):
    name = "kmalloc-128" if dump.machine == "arm64" else "kmalloc-64"
    cache, = dump.json(f"kernel kmem -s {name}")["caches"]
    objects = dump.json(f"kernel kmem -S {name}")["objects"]
    slab = free_of(objects)
    free = {int(row["object"], 16) for row in slab if row["state"] == "free"}
    if len(free) < 3:
        pytest.skip("no slab has three free objects")
    with Poked(dump) as copy:
        copy.locate(*free)
        links = Links(dump, copy, cache["cache"])
        following = {object_: links.get(object_) for object_ in free}
        # This test's own reading of the list agrees: each leads to another, and one is the last.
        assert set(following.values()) - free == {0} and len(set(following.values())) == len(free)
        chain = [(free - set(following.values())).pop()]
        while following[chain[-1]]:
            chain.append(following[chain[-1]])
        before, at, behind = chain[:-2], chain[-2], chain[-1]
        base = int(slab[0]["slab"], 16)
        value = {"outside": base - links.size, "between": behind + copy.word, "circle": chain[0]}[damage]
        links.set(at, value)
        path = copy.save()
        said = dump.gdb(f"kernel kmem -S -j {name}", vmcore=path, status=1)
        found = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
        single = dump.gdb(f"kernel kmem {behind:x}", vmcore=path, status=1)
    text = {"outside": "is out of the slab", "between": "is between its objects", "circle": "leads back to"}[damage]
    note = next(note for note in found["notes"] if "is damaged" in note)
    assert text in note and hex(base) in note and name in note and hex(at) in note and hex(value) in note
    # All objects are there still. Those on the list before the damage are free; the last one could not be seen to be.
    states = {row["object"]: row["state"] for row in found["objects"]}
    assert states == {row["object"]: "used" if int(row["object"], 16) == behind else row["state"] for row in objects}
    assert all(states[hex(object_)] == "free" for object_ in [*before, at])
    assert "not known whether it is used" in single and text in single
