"""kernel kmem -s, held against the guest's /proc/slabinfo."""
import collections
import re

import pytest

from test_kmem import view

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def recorded(dump):
    lines = [line.split() for line in dump.oracle.text("proc/slabinfo").splitlines()[2:]]
    # Of caches with one name the kernel lists each.
    return {line[0]: {"active": int(line[1]), "objects": int(line[2]), "size": int(line[3]), "per_slab": int(line[4]),
                      "pages": int(line[5]), "slabs": int(line[14])} for line in lines}


def test_caches_are_the_guests(dump):
    ours = {cache["name"]: cache for cache in view(dump, "s")["caches"]}
    theirs = recorded(dump)
    assert set(theirs) <= set(ours)
    same = 0
    for name, record in theirs.items():
        cache = ours[name]
        assert (cache["size"], cache["per_slab"], 1 << cache["order"]) == (record["size"], record["per_slab"], record["pages"]), name
        assert cache["allocated"] + cache["cached_cpus"] + cache["cached_nodes"] + cache["free"] == cache["objects"], name
        same += (cache["objects"] - cache["free"], cache["objects"], cache["slabs"]) == (record["active"], record["objects"], record["slabs"])
    # The guest went on after its record: reading /proc alone makes inodes and names. Most caches are not used by that.
    assert same > len(theirs) // 2


def test_names(dump):
    said = dump.gdb("kernel kmem -s dentry nonsense", status=1)
    assert " dentry\n" in said and "kmem -s: there is no cache nonsense" in said


def test_roots(dump):
    """No cache of these kernels has children of memory cgroups, which is said."""
    found = dump.json("kernel kmem -r dentry task_struct")
    assert found["caches"] == dump.json("kernel kmem -s dentry task_struct")["caches"] and any("has children" in note for note in found["notes"])


def test_all_but_some(dump):
    every = [cache["name"] for cache in view(dump, "s")["caches"]]
    assert "kmem -I: there is no cache nonsense" in dump.gdb("kernel kmem -s -I dentry,nonsense", status=1)
    # Of all objects but those: that their slabs are there is no damage.
    assert "which is no cache" not in dump.gdb("kernel kmem -S -I dentry", status=0)
    some = dump.json("kernel kmem -s -I dentry,kmalloc-64")["caches"]
    assert [cache["name"] for cache in some] == [name for name in every if name not in ("dentry", "kmalloc-64")] != every
    objects = dump.json("kernel kmem -S -I signal_cache task_struct signal_cache")["objects"]
    assert objects == dump.json("kernel kmem -S task_struct")["objects"]
    assert "kmem: -I goes with -s or -S" in dump.gdb("kernel kmem -i -I dentry", status=1)


def test_objects_add_up(dump):
    """The page array, with each slab's freelist, and the caches' own counters are two ways to one number."""
    for cache in view(dump, "s")["caches"]:
        if cache["name"] not in ("task_struct", "kmalloc-64", "signal_cache"):
            continue
        objects = dump.json(f"kernel kmem -S {cache['name']}")["objects"]
        states = [row["state"] for row in objects]
        assert len({row["object"] for row in objects}) == len(objects) == cache["objects"]
        assert len({row["slab"] for row in objects}) == cache["slabs"]
        assert states.count("used") == cache["allocated"]
        if cache["name"] == "task_struct":
            used = {row["object"] for row in objects if row["state"] == "used"}
            tasks = {task["task"] for task in dump.json("kernel ps")["tasks"]}
            static = {task for task in tasks if task not in {row["object"] for row in objects}}
            assert len(static) == 1 and tasks - static <= used     # init_task is no object


def test_addresses(dump):
    tasks = [task for task in dump.json("kernel ps")["tasks"] if task["pid"] == 1]
    task = int(tasks[0]["task"], 16)
    areas = [area for area in view(dump, "v")["areas"] if area["caller"]]
    area = int(areas[0]["start"], 16)
    size = int(re.search(r"SIZE (\d)", dump.python("print('SIZE', gdb.lookup_type('long').sizeof)"))[1])
    last = (1 << 8 * size) - 1
    rows = dump.json(f"kernel kmem {task + 16:x} schedule {area:x} {last - 11:x} 18")["addresses"]
    facts = collections.defaultdict(dict)
    for row in rows:
        facts[int(row["address"], 16)][row["kind"]] = row
    slab = facts[task + 16]["slab"]
    assert int(slab["start"], 16) == task and re.match(r"task_struct.*: object [0-9a-f]+\+0x10, used", slab["what"])
    assert "page" in facts[task + 16]
    assert any(row["what"].startswith("schedule (") for row in rows if row["kind"] == "symbol")
    assert areas[0]["caller"].split("+")[0] in facts[area]["vmalloc"]["what"]
    assert facts[last - 11]["error"]["what"] == "ERR_PTR(-12), ENOMEM" and facts[last - 11]["error"]["inferred"]
    assert facts[0x18]["null"]["what"] == "NULL plus 24"
