"""
Calls through a bad pointer: the pc is no code, its caller is on top of the stack.

The scenario bad-pointer has a kernel thread on each of some CPUs that did it. The variants on other sets are made: the
CPU that died of an oops gets registers as if it had called the pointer there, in the note and on its stack.
"""
import functools
import json
import pathlib
import re

import pytest

from conftest import run_gdb
from pokes import Poked
from test_stacks import plain

HERE = pathlib.Path(__file__).parent
RIP, RSP = 16, 19      # of struct pt_regs
NOTE_REGISTERS = 12 + 8 + 112
WORDS = {"null": "a NULL pointer was called", "offset": "a NULL pointer was called, plus 0x18",
         "user": "an address of user space was called by the kernel", "freed": "not code: memory that cannot be executed",
         "unmapped": "not code: nothing is mapped there"}


def look(dump, vmcore, own):
    """The stacks of the CPUs, natively and gdb's, and what gdb's bt prints."""
    text = run_gdb(None if own else dump.vmlinux, vmcore,
                   ["python print('=begin=')", "kernel bt -a -j", "kernel bt -a", "thread 1", "bt", "frame",
                    "info threads 1", "print/a 0", "print &runqueues", "kernel mod -s",
                    f"source {HERE / 'stacks.py'}"])
    rows = {row["cpu"]: row for row in json.loads(text.split("=begin=\n", 1)[1].splitlines()[0])["tasks"]}
    threads = [json.loads(line) for line in text.splitlines() if line.startswith('{"num"')]
    return rows, {t["id"] - 1: t for t in threads if t["id"] <= 64}, text


def pcs(row):
    return [int(f["pc"], 16) for f in row["frames"]]


def kernel_pcs(thread):
    """Of gdb's frames down to user space, which is the last one."""
    found = [f["pc"] for f in thread["frames"] if not f["inline"]]
    return found[:-1] if len(found) > 1 and found[-1] < 1 << 47 else found


@functools.lru_cache(maxsize=None)
def oopsed(dump):
    """Of CPU 0: where its note is in memory, its stack, and memory that is no code."""
    code = """
import gdb, json, vmcore
print(json.dumps({"note": int(gdb.parse_and_eval("(unsigned long)crash_notes")) + int(gdb.parse_and_eval("__per_cpu_offset[0]")),
                  "heap": vmcore.cpus()[0].task_address,
                  "rip": vmcore.cpus()[0].registers["rip"], "rsp": vmcore.cpus()[0].registers["rsp"]}))
"""
    return json.loads(dump.python(code).splitlines()[0])


@pytest.mark.scenario("oops")
@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
@pytest.mark.parametrize("what", WORDS)
def test_made_of_an_oops(dump, what, own):
    where = oopsed(dump)
    bad = {"null": 0, "offset": 0x18, "user": 0x400123, "freed": where["heap"] + 0x40, "unmapped": 0xffffc00000000000 | 0x123}[what]
    after, sp = where["rip"] + 3, where["rsp"] - 8
    with Poked(dump) as copy:
        old = copy.read(where["note"] + NOTE_REGISTERS, 21 * 8)
        new = bytearray(old)
        new[RIP * 8:RIP * 8 + 8] = bad.to_bytes(8, "little")
        new[RSP * 8:RSP * 8 + 8] = sp.to_bytes(8, "little")
        copy.write(where["note"] + NOTE_REGISTERS, bytes(new))
        copy.write(sp, after.to_bytes(8, "little"))
        copy.replace_in_notes(old, bytes(new))
        rows, threads, text = look(dump, copy.save(), own)
    right = pcs({row["cpu"]: row for row in dump.json("kernel bt -a")["tasks"]}[0])
    assert right[0] == where["rip"]
    assert pcs(rows[0]) == [bad, after] + right[1:]
    assert rows[0]["complete"] and not rows[0]["end"]
    frame = rows[0]["frames"][0]
    assert (frame["bad_pointer"], frame["function"], frame["exact"]) == (WORDS[what], None, True)
    assert all(f["bad_pointer"] is None for f in rows[0]["frames"][1:])
    assert f"{bad:#x} ({WORDS[what]})" in text
    assert kernel_pcs(threads[0]) == pcs(rows[0]), threads[0]
    assert threads[0]["end"] == "outermost"
    # gdb's bt, with its filter.
    assert re.search(rf"^#0  {bad:#018x} in \({re.escape(WORDS[what])}\) \(\)", text, re.M), text
    # What filters do not reach; NULL is no per-CPU variable, those have their names all the same.
    assert len(re.findall(rf"{bad:#018x} in \?\? \(\)$", text, re.M)) >= 2, text
    assert "fixed_percpu_data" not in text and re.search(r"= 0x0$", text, re.M), text
    assert re.search(r"0x[0-9a-f]+ <runqueues>$", text, re.M), text


# What info.txt says of a CPU, and what is below the exception on its stack.
CALLS = {"bad-null": "null", "bad-freed": "freed", "bad-user": "user", "bad-unmapped": "unmapped"}


@pytest.mark.scenario("bad-pointer")
@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
def test_really_called(dump, own):
    rows, threads, _ = look(dump, dump.vmcore if not own else dump.directory / "vmcore.elf", own)
    checked = 0
    for key, call in dump.info.items():
        if call not in CALLS:
            continue
        cpu = int(key[3:])
        frames = rows[cpu]["frames"]
        at = next(i for i, f in enumerate(frames) if f["bad_pointer"])
        assert frames[at]["bad_pointer"] == WORDS[CALLS[call]]
        callers = [plain(f["function"]) for f in frames[at + 1:at + 4]]
        assert callers == ["rig_bad_call_inner", "rig_bad_call_outer", "rig_bad_thread"]
        assert frames[at - 1]["function"].startswith("asm_exc_page_fault")
        assert rows[cpu]["complete"]
        assert kernel_pcs(threads[cpu]) == pcs(rows[cpu])
        assert threads[cpu]["end"] == "outermost"
        checked += 1
    assert checked >= 3
