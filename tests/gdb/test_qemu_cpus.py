"""
Which of QEMU's notes is which CPU's. QEMU writes one for each CPU there is, with its own number; one that was taken out has
none, and the kernel need not count as QEMU does (scenario qemu-hotplug).

Made of the scenario qemu: the notes of CPU 1 are left out, or bear other numbers. The whole dump says what is right.
"""
import functools
import json
import pathlib
import re
import struct

import pytest

from conftest import run_gdb
from images import notes
from pokes import Poked

HERE = pathlib.Path(__file__).parent
PID = 32        # pr_pid in NT_PRSTATUS


def cpus_of(vmlinux, vmcore):
    text = run_gdb(vmlinux, vmcore, ["python print('=begin=')", "kernel bt -a -j", "kernel mod -s", f"source {HERE / 'stacks.py'}"])
    rows = {row["cpu"]: row for row in json.loads(text.split("=begin=\n", 1)[1].splitlines()[0])["tasks"]}
    threads = [json.loads(line) for line in text.splitlines() if line.startswith('{"num"')]
    return rows, {t["id"] - 1: t for t in threads if t["id"] <= 64}


@functools.lru_cache(maxsize=None)
def whole(dump):
    return cpus_of(dump.vmlinux, dump.vmcore)[0]


@functools.lru_cache(maxsize=None)
def online_mask(dump):
    return int(dump.python("print(int(gdb.parse_and_eval('&__cpu_online_mask')))").splitlines()[0])


def without(given, cpu):
    """The notes without those of CPU, the n-th of each kind."""
    seen, left = {}, []
    for one in given:
        number = seen[one[:2]] = seen.get(one[:2], -1) + 1
        if one[0] == "VMCOREINFO" or number != cpu:
            left.append(one)
    return left


def renumbered(given, pids):
    pids = iter(pids)
    return [(name, kind, data[:PID] + struct.pack("<I", next(pids)) + data[PID + 4:]) if name == "CORE" else (name, kind, data)
            for name, kind, data in given]


@pytest.mark.scenario("qemu")
@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
@pytest.mark.parametrize("pids", [(1, 3, 4), (1, 2, 3), (9, 1, 1)], ids=["gone", "counted-otherwise", "nonsense"])
def test_without_cpu_1(dump, pids, own):
    given = notes(dump.directory / "vmcore.qemu-elf")
    assert [struct.unpack_from("<I", data, PID)[0] for name, _, data in given if name == "CORE"] == [1, 2, 3, 4]
    with Poked(dump) as copy:
        copy.set_notes(renumbered(without(given, 1), pids))
        mask, = copy.read(online_mask(dump), 1)
        copy.write(online_mask(dump), bytes([mask & ~2]))
        rows, threads = cpus_of(None if own else dump.vmlinux, copy.save())
    assert sorted(rows) == [0, 2, 3]
    for cpu, row in rows.items():
        right = whole(dump)[cpu]
        assert (row["pid"], row["task"], row["registers_source"], row.get("registers")) == \
            (right["pid"], right["task"], right["registers_source"], right.get("registers"))
        assert [f["pc"] for f in row["frames"]] == [f["pc"] for f in right["frames"]]
        assert threads[cpu]["frames"][0]["pc"] == int(right["frames"][0]["pc"], 16)


@pytest.mark.scenario("qemu-hotplug")
@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
def test_numbers_with_a_hole(dump, own):
    """QEMU's CPU 4 is the kernel's 3; CPU 1 was put offline and is in its idle task's dead end. Each does what it was made to do."""
    given = notes(dump.directory / "vmcore.qemu-elf")
    assert [struct.unpack_from("<I", data, PID)[0] for name, _, data in given if name == "CORE"] == [1, 2, 3, 5]
    rows, threads = cpus_of(None if own else dump.vmlinux, dump.directory / "vmcore.qemu-elf")
    assert {0, 2, 3} <= set(rows) <= {0, 1, 2, 3}
    assert all(row["registers_source"] == "cpu-note" for row in rows.values())
    assert rows[0]["pid"] == 0 and rows[0]["frames"][0]["kind"] != "user"
    assert "rig_spin" in [f["function"] for f in rows[2]["frames"]]
    assert rows[3]["pid"] == dump.pid("busy") and rows[3]["frames"][0]["kind"] == "user"
    if 1 in rows:
        assert rows[1]["pid"] == 0 and {"native_play_dead", "arch_cpu_idle_dead"} & {f["function"] for f in rows[1]["frames"]}
    for cpu, row in rows.items():
        assert threads[cpu]["frames"][0]["pc"] == int(row["frames"][0]["pc"], 16)


@pytest.mark.scenario("qemu")
@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
def test_cpu_that_was_never_started(dump, own):
    """
    As in a machine that is still booting: firmware has CPU 1, and the kernel's data of it say that it runs the boot CPU's task,
    as they were made. (Seen in a dump of a guest that was stopped at rest_init().)
    """
    code = """
import gdb
start = int(gdb.parse_and_eval("__per_cpu_offset[1]"))
running = int(gdb.parse_and_eval("&TASK->on_cpu"))
print(start + int(gdb.parse_and_eval("&runqueues.curr")), int(gdb.parse_and_eval("&init_task")), running)
""".replace("TASK", f"((struct task_struct *){whole(dump)[1]['task']})")
    current, first, running = map(int, dump.python(code).split()[:3])
    given = notes(dump.directory / "vmcore.qemu-elf")
    # rip, cs, rsp in struct elf_prstatus, and in QEMU's own note, where cs is the first 32 bits of a segment.
    for kind, places in (("CORE", (112 + 16 * 8, 112 + 17 * 8, 112 + 19 * 8)), ("QEMU", (8 + 16 * 8, 8 + 18 * 8, 8 + 6 * 8))):
        at = [i for i, note in enumerate(given) if note[0] == kind][1]
        data = bytearray(given[at][2])
        for place, value, size in zip(places, (0xfd09a, 8, 0x6c5c), "QIQ"):
            struct.pack_into("<" + size, data, place, value)
        given[at] = (*given[at][:2], bytes(data))
    with Poked(dump) as copy:
        copy.set_notes(given)
        mask, = copy.read(online_mask(dump), 1)
        copy.write(online_mask(dump), bytes([mask & ~2]))
        copy.write(current, struct.pack("<Q", first))
        copy.write(running, bytes(4))
        rows, threads = cpus_of(None if own else dump.vmlinux, copy.save())
    assert (rows[1]["pid"], rows[1]["task"]) == (None, None)
    frame, = rows[1]["frames"]
    assert (int(frame["pc"], 16), frame["function"], frame["bad_pointer"]) == (0xfd09a, None, None)
    assert "firmware had the CPU" in rows[1]["end"]
    assert [f["pc"] for f in threads[1]["frames"]] == [0xfd09a]
    assert rows[0]["pid"] == whole(dump)[0]["pid"] and rows[0]["frames"] == whole(dump)[0]["frames"]


def members(text):
    """{1, 4, 5} of "1,4-5"."""
    ranges = [part.split("-") for part in text.strip().split(",") if part]
    return {cpu for part in ranges for cpu in range(int(part[0]), int(part[-1]) + 1)}


@pytest.mark.scenario("qemu-hotplug")
@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
def test_who_was_offline(dump, own):
    present, online = (members(dump.oracle.text(f"sys/devices/system/cpu/{name}")) for name in ("present", "online"))
    off, = present - online
    text = run_gdb(None if own else dump.vmlinux, dump.directory / "vmcore.qemu-elf",
                   ["kernel sys", "kernel bt -a", f"info threads {off + 1}", "python print('=json=')", "kernel sys -j"])
    assert re.search(rf"CPUS: {len(online)} online of \d+ possible; offline: {off}$", text, re.M), text
    assert re.findall(r"^note: CPU (\d+) was offline$", text, re.M) == [str(off)]
    assert f"(CPU {off}, offline, " in text
    system = json.loads(text.split("=json=\n", 1)[1].splitlines()[0])["system"]
    assert members(system["cpus_offline"]) == {off} and system["cpus"] == len(online)
