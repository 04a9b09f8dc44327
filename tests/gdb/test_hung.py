"""kernel hung, held against the states and clocks as gdb reads them, and the guest's record of who slept uninterruptibly."""
import functools

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]

BLOCKED = """
import vmcore
long, offsets = gdb.lookup_type("unsigned long"), gdb.parse_and_eval("__per_cpu_offset")
queue = gdb.parse_and_eval("&runqueues")
now = max(int((queue.cast(long) + offsets[cpu].cast(long)).cast(queue.type)["clock"]) for cpu in range(4))
for task in vmcore.tasks():
    try:
        state = int(task.value["__state"])
    except gdb.error:       # until 5.13
        state = int(task.value["state"])
    if state & 2 and not state & 0x400 and not int(task.value["on_cpu"]):     # TASK_UNINTERRUPTIBLE, and no TASK_NOLOAD
        print(task.pid, now - int(task.value["sched_info"]["last_arrival"]))
"""


@functools.lru_cache(maxsize=None)
def blocked(dump):
    """{pid: ns}"""
    return {int(pid): int(ns) for pid, ns in map(str.split, dump.python(BLOCKED).splitlines())}


def hung(dump, seconds):
    return dump.json(f"kernel hung {seconds}")["tasks"]


def test_who_is_hung(dump):
    """Of those nearer to the limit than the clocks are to each other nothing is said here."""
    for seconds in (1, 3, 1000):
        limit = seconds * 10**9
        ours = {row["pid"] for row in hung(dump, seconds) if row["state"] == "UN"}
        assert {pid for pid, ns in blocked(dump).items() if ns > limit + 10**8} <= ours <= {pid for pid, ns in blocked(dump).items() if ns > limit - 10**8}
    assert not hung(dump, 1000) and not dump.json("kernel hung")["tasks"]     # the kernel's limit is 120 seconds


def test_the_workloads_are_and_whom_they_wait_for(dump):
    assert {dump.pid("uninterruptible"), dump.pid("mutex_waiter")} <= set(blocked(dump))
    rows = {row["pid"]: row for row in hung(dump, 1)}
    assert all(dump.oracle.tasks[dump.pid(role)].state == "D" and rows[dump.pid(role)]["elapsed_ns"] >= 10**9 for role in ("uninterruptible", "mutex_waiter"))
    waiter = rows[dump.pid("mutex_waiter")]
    assert (waiter["kind"], waiter["holder_pid"]) == ("mutex", dump.pid("mutex_holder")) and rows[dump.pid("mutex_holder")]["blocks"] == 1


def test_words(dump):
    text = dump.gdb("kernel hung 1 2", "kernel hung x", "kernel hung", status=1)
    assert "hung: 2? It takes one number of seconds" in text and "hung: " in text and "no task sleeps" in text
