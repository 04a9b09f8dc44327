"""`kernel list` and `kernel tree` on the module's containers, held against what the module said is in them, and on the kernel's own."""
import json
import re
import struct

import pytest

from conftest import run_gdb
from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@pytest.fixture
def record(dump):
    """{kind: (its head, [(an item's address, the words behind it)])}"""
    found = {}
    for line in dump.oracle.text("sys/kernel/debug/vmcore_rig/containers").splitlines():
        kind, *words = line.split()
        if kind.endswith("-item") and kind.partition("-")[0] in found:
            found[kind.partition("-")[0]][1].append((int(words[0], 16), words[1:]))
        elif kind in ("list", "rbtree", "xarray", "idr"):
            found[kind] = int(words[0], 16), []
    return found


def addresses(document):
    return [int(entry["address"], 16) for entry in document["entries"]]


def in_list(dump):
    return 16 + 2 * (4 if dump.machine == "i386" else 8)


def test_a_list(dump, record):
    """From its head, backwards, from an entry, and up to one."""
    head, items = record["list"]
    items = [address for address, _ in items]
    offset = in_list(dump)
    assert len(items) == 12
    assert addresses(dump.json(f"kernel list -H -o {offset} {head:x}")) == items
    assert addresses(dump.json(f"kernel list -H {offset:#x} {head:x}")) == items
    assert addresses(dump.json(f"kernel list -H -r -o {offset} {head:x}")) == items[::-1]
    assert addresses(dump.json(f"kernel list -H -o {offset} -e {items[5]:x} {head:x}")) == items[:5]
    # From an entry on the ring runs through the head, which is in none: as in crash.
    assert addresses(dump.json(f"kernel list -h -o {offset} {items[3]:x}")) == items[3:] + [head - offset] + items[:3]


def test_trees(dump, record):
    head, items = record["rbtree"]
    assert addresses(dump.json(f"kernel tree -o {in_list(dump) * 2 - 16} {head:x}")) == [address for address, _ in items]
    for kind in ("xarray", "idr"):
        head, items = record[kind]
        found = dump.json(f"kernel tree -t {'radix' if kind == 'idr' else kind} {head:x}")["entries"]
        assert [(int(e["address"], 16), e["index"]) for e in found] == [(address, int(words[1])) for address, words in items]


def test_members(dump, record):
    """By gdb's own printer, of a module's type, too; in hexadecimal; all of a structure."""
    head, items = record["list"]
    text = dump.gdb("kernel mod -s vmcore_rig", "python print('=begin=')", f"kernel list -j -H -o {in_list(dump)} -s rig_item.key,name {head:x}",
                    f"kernel list -x -H -o {in_list(dump)} -s rig_item.key {head:x}", f"kernel list -H -o {in_list(dump)} -S rig_item {head:x}")
    document, _, rest = text.split("=begin=\n", 1)[1].partition("\n")
    for entry, (address, (key, name)) in zip(json.loads(document)["entries"], items, strict=True):
        assert int(entry["address"], 16) == address
        key_cell, name_cell = entry["members"]
        assert (key_cell["member"], key_cell["value"], name_cell["member"]) == ("key", key, "name")
        assert name_cell["value"].startswith(f'"{name}')
        assert f"  key = {int(key):#x}\n" in rest and f"key = {key}," in rest


def test_the_kernels_own(dump):
    tasks = {t["task"] for t in dump.json("kernel ps -G")["tasks"] if t["pid"]}
    leaders = {e["address"] for e in dump.json("kernel list -h -o task_struct.tasks init_task")["entries"]}
    assert tasks < leaders and len(leaders) == len(tasks) + 1
    assert {m["address"] for m in dump.json("kernel mod")["modules"]} == \
        {e["address"] for e in dump.json("kernel list -H -o module.list modules")["entries"]}
    pid = dump.pid("init")
    chain = dump.json("kernel list task_struct.real_parent ($task(%d))" % pid)["entries"]
    assert len(chain) == 2      # init's parent is the boot CPU's idle task, and that one's itself


def test_values_of_cpus(dump):
    """A per-CPU variable's own word for whose it is; gdb's text of everything else."""
    cpus = sorted(c["cpu"] for c in dump.json("kernel bt -a")["tasks"])
    rows = dump.json("kernel p runqueues.cpu:a")["values"]
    assert set(cpus) <= {row["cpu"] for row in rows}
    assert all(int(row["value"]) == row["cpu"] and row["expression"] == "runqueues.cpu" for row in rows)
    assert [row["cpu"] for row in dump.json(f"kernel p runqueues.cpu:{cpus[-1]}")["values"]] == cpus[-1:]
    out = dump.gdb("print init_task.comm", "kernel p init_task.comm", "kernel p -x (&init_task)->pid + 16", "kernel p runqueues.cpu",
                   "kernel p init_task.comm:0", "kernel p 1 ? 2 : 3", "kernel p", "thread 1", "kernel p runqueues.cpu:", status=1)
    assert re.search(r"\$1 = (.*)", out)[1] == re.search(r"init_task.comm = (.*)", out)[1]
    assert "(&init_task)->pid + 16 = 0x10\n" in out and "1 ? 2 : 3 = 2\n" in out and out.rstrip().endswith(f"[{cpus[0]}] runqueues.cpu = {cpus[0]}")
    assert "`p runqueues:a' is all of them" in out and "init_task is not a per-CPU variable" in out and "p: of what?" in out


def test_errors(dump, record):
    """A circle that misses the start, a link to nowhere: what was found, and why there is no more."""
    head, items = record["list"]
    offset, items = in_list(dump), [address for address, _ in items]
    text = dump.gdb("kernel list", "kernel list -h -H 8", "kernel list -r 8", "kernel list nonsense.x init_task", "kernel tree -t oak init_task",
                    "kernel tree -t xarray -o 8 init_task", status=1)
    for part in ("list: from where?", "give one of them", "-r goes with -h or -H", "nonsense", "tree: -t is rbtree, xarray, radix or maple", "-o is for an rbtree"):
        assert part in text
    if not (dump.directory / "vmcore.elf").exists() or dump.machine != "amd64":
        return
    for target, why in ((items[2] + offset, f"leads back to {items[2]:#x}"), (0x10, "cannot be translated")):
        with Poked(dump) as copy:
            copy.write(items[6] + offset, struct.pack("<Q", target))
            output = run_gdb(dump.vmlinux, copy.save(), [f"kernel list -H -o {offset} {head:x}"], 1)
        listed = [line for line in output.splitlines() if line in {f"{item:016x}" for item in items}]
        assert listed == [f"{item:016x}" for item in items[:7]]
        assert "after " in output and ("leads back" in output if target > 0x10 else "0x10" in output or "0xffff" in output), (why, output)


def test_a_maple_tree_is_the_processes_maps(dump):
    """Of a task that slept since the record: each mapping of /proc/PID/maps begins where its entry's index says."""
    pid = dump.pid("nanosleep")
    maps = [int(line.split("-")[0], 16) for line in dump.oracle.tasks[pid].files["maps"].decode().splitlines() if "[vsyscall]" not in line]
    document = dump.json(f"kernel tree -t maple -s vm_area_struct.vm_start ($task({pid})->mm->mm_mt)")
    assert [entry["index"] for entry in document["entries"]] == maps
    assert [int(entry["members"][0]["value"], 0) for entry in document["entries"]] == maps
