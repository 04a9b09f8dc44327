"""
How stacks go on where they change to a lower one, and that gdb's bt says why one ends.

Made of the scenario sysrq, in which an interrupted idle task runs softirqs: with two words changed it has called
do_softirq() itself, as an idle CPU does after it was woken by a message. Its stack is below the interrupt stack.
"""
import functools
import json
import pathlib
import re

import pytest

from conftest import run_gdb
from pokes import Poked

HERE = pathlib.Path(__file__).parent
pytestmark = pytest.mark.scenario("sysrq")


@functools.lru_cache(maxsize=None)
def whole(dump):
    return {row["cpu"]: row for row in dump.json("kernel bt -a -l")["tasks"]}


@functools.lru_cache(maxsize=None)
def softirq_cpu(dump):
    """(CPU, the index of the frame that called the softirq's, of the one that was interrupted)."""
    for cpu, row in whole(dump).items():
        functions = [f["function"] for f in row["frames"]]
        if row["pid"] == 0 and "__irq_exit_rcu" in functions:
            return (cpu, functions.index("__irq_exit_rcu"),
                    next(i for i, f in enumerate(row["frames"]) if i and f["kind"] == "interrupted"))
    pytest.skip("no idle CPU was in a softirq")


def call_in_do_softirq(dump, where="do_softirq"):
    """Where the call of the softirqs returns to, and how many words are on the stack then: what it pushed at its start."""
    lines = re.findall(r"^ +(0x[0-9a-f]+) <\+\d+>:\s+(\S+) *(.*)$", dump.gdb(f"disassemble {where}"), re.M)
    if where == "do_softirq" and not any(name.startswith("call") for _, name, _ in lines):
        # The compiler made two of it; gdb 18 takes the one that jumps to the other.
        return call_in_do_softirq(dump, next(operands.split()[0] for _, name, operands in lines if name == "jmp"))
    words = 1 + sum(name == "push" for _, name, _ in lines)
    for (_, name, _), (after, next_name, operands) in zip(lines, lines[1:]):
        if name.startswith("call") and next_name == "pop" and "%rsp" in operands:
            return int(after, 16), words
    raise AssertionError("do_softirq() has no such call")


def number(text):
    return int(text, 16)


def frames_of(text):
    threads = [json.loads(line) for line in text.splitlines() if line.startswith('{"num"')]
    return {t["id"] - 1: t for t in threads if t["id"] <= 64}


@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
def test_softirq_that_was_called_on_an_idle_cpu(dump, own):
    cpu, exit, interrupted = softirq_cpu(dump)
    frames = whole(dump)[cpu]["frames"]
    after, words = call_in_do_softirq(dump)
    top = number(frames[exit]["sp"])                    # of the interrupt stack, for do_softirq()
    # The interrupted function, native_safe_halt(), has nothing on the stack but its return address.
    slot = number(frames[interrupted + 1]["sp"]) - 8
    with Poked(dump) as copy:
        assert int.from_bytes(copy.read(slot), "little") == number(frames[interrupted + 1]["pc"])
        copy.write(top - 8, after.to_bytes(8, "little"))
        copy.write(top, (slot + 8 - words * 8).to_bytes(8, "little"))
        text = run_gdb(None if own else dump.vmlinux, copy.save(), [
            "python print('=begin=')", "kernel bt -a -j", f"thread {cpu + 1}", "bt", "kernel mod -s", f"source {HERE / 'stacks.py'}"])
    row = {r["cpu"]: r for r in json.loads(text.split("=begin=\n", 1)[1].splitlines()[0])["tasks"]}[cpu]
    expected = [f["pc"] for f in frames[:exit]] + [hex(after)] + [f["pc"] for f in frames[interrupted + 1:]]
    assert [f["pc"] for f in row["frames"]] == expected
    assert row["frames"][exit]["function"].startswith("do_softirq") and row["complete"]
    assert top > slot       # or this tests nothing
    thread = frames_of(text)[cpu]
    assert [f["pc"] for f in thread["frames"] if not f["inline"]] == [number(pc) for pc in expected]
    assert thread["end"] == "outermost"
    shown = text.split("[Switching to thread")[1]
    assert "Backtrace stopped" not in shown and "do_softirq" in shown
    if not own:     # what called it has the line of its call, though gdb takes it for interrupted
        right = re.findall(r"(\S+) \([^\n]*\) at (\S+)$", dump.gdb(f"thread {cpu + 1}", "bt"), re.M)
        callers = [f["function"] for f in frames[interrupted + 1:]]
        ours = re.findall(r"(\S+) \([^\n]*\) at (\S+)$", shown, re.M)
        for name in callers:
            assert [at for f, at in ours if f == name] == [at for f, at in right if f == name], (name, shown)


@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
def test_bt_says_why_it_ends(dump, own):
    """The idle task's stack is left out; the interrupt's is there. gdb keeps its own word to itself where there is a filter."""
    cpu, exit, interrupted = softirq_cpu(dump)
    with Poked(dump) as copy:
        copy.exclude(number(whole(dump)[cpu]["frames"][interrupted]["sp"]))
        text = run_gdb(None if own else dump.vmlinux, copy.save(), [f"thread {cpu + 1}", "bt", "bt 2", f"kernel bt -c {cpu}"])
    full, first, native = text.split("[Switching to thread")[1], "", text.split("PID: ")[-1]
    full, first = full.split("\n#0 ")[2:4]
    assert "__irq_exit_rcu" in full
    assert re.search(r"^Backtrace stopped: memory error while unwinding: .* was excluded from the dump( \(or was zeros.*)?$", full, re.M), full
    assert "Backtrace stopped" not in first        # there are more frames than were asked for
    assert re.search(r"^ *stack ends: the stack cannot be followed beyond frame \d+ .*excluded", native, re.M), native


@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
def test_a_task_without_a_stack_says_why(dump, own):
    pid = dump.pid("dead")
    dump_of = None if own else dump.vmlinux
    text = run_gdb(dump_of, dump.vmcore, ["python import vmcore; s = vmcore.task(%d).stack()" % pid,
                   "python print(len(s), s.end)", "python print(s)",
                   "python next(t for t in gdb.selected_inferior().threads() if t.ptid[1] == %d).switch()" % (10000000 + pid), "bt"])
    why = "it has exited and has no kernel stack any more"
    assert f"0 {why}\n" in text and f"<vmcore.Stack, none: {why}>" in text
    assert f"#0  <unavailable: {why}>" in text
