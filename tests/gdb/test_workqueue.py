"""kernel workqueue: the rig's work, by what its module said of it, the kernel's own counts of workers, and the guest's kworkers."""
import functools
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]
DAY = 86400 * 10**9     # ns


@functools.lru_cache(maxsize=None)
def work(dump, option):
    return dump.json(f"kernel workqueue {option}")


def recorded(dump, name):
    line = re.search(r"^workqueue .*$", dump.oracle.text("sys/kernel/debug/vmcore_rig/containers"), re.M)[0]
    return int(re.search(rf"\b{name} ([0-9a-f]+)", line)[1], 16)


def test_work_that_runs(dump):
    running = [row for pool in work(dump, "")["pools"] for row in pool["workers"] if row["work"] and int(row["work"], 16) == recorded(dump, "running")]
    row, = running
    assert (row["function"], row["workqueue"]) == ("rig_work_function [vmcore_rig]", "vmcore_rig")
    assert dump.oracle.tasks[row["pid"]].comm.startswith(b"kworker/u") and row["state"] == "ID"
    assert row["running_ticks"] is None or row["running_ticks"] > 100
    # The worker waits where the module's function waits.
    task, = (task for task in dump.json(f"kernel locks -a {row['pid']}")["tasks"] if task["pid"] == row["pid"])
    assert task["waits_in"] == "rig_work_function [vmcore_rig]"


def test_work_that_waits_for_it(dump):
    """The queue is an ordered one: not before the first is done."""
    row, = (row for row in work(dump, "")["inactive"] if row["workqueue"] == "vmcore_rig")
    assert int(row["work"], 16) == recorded(dump, "queued") and row["function"] == "rig_work_function [vmcore_rig]"


def test_delayed_work(dump):
    row, = (row for row in work(dump, "-d")["delayed"] if row["workqueue"] == "vmcore_rig")
    assert int(row["work"], 16) == recorded(dump, "delayed") and row["function"] == "rig_work_function [vmcore_rig]"
    assert row["left_ns"] is None or DAY * 0.99 < row["left_ns"] <= DAY + 10**9
    text = dump.gdb("kernel workqueue", "kernel workqueue -d", "kernel workqueue 1")
    assert re.search(r"^[0-9a-f]+ +rig_work_function \[vmcore_rig\] +vmcore_rig +\d+ +\d$", text, re.M)
    assert re.search(r"^ +\d+ +[0-9a-f]+ +ID +[0-9a-f]+ +rig_work_function \[vmcore_rig\] +vmcore_rig$", text, re.M)
    assert "workqueue: 1? It shows all there are" in text


def test_workers_are_as_many_as_the_pools_say(dump):
    pools = work(dump, "-a")["pools"]
    assert {pool["cpu"] for pool in pools} >= {-1, 0, 1, 2, 3} and len({pool["id"] for pool in pools}) == len(pools)
    for pool in pools:
        assert len(pool["workers"]) == pool["nr_workers"]
        assert sum(row["work"] is not None for row in pool["workers"]) <= pool["nr_workers"] - pool["nr_idle"]


def test_workers_are_the_guests(dump):
    pids = {row["pid"] for pool in work(dump, "-a")["pools"] for row in pool["workers"]}
    recorded_workers = {task.tid for task in dump.oracle.tasks.values() if task.comm.startswith(b"kworker/") and dump.has_slept_since(task)
                        and b"worker_thread" in task.files.get("stack", b"")}
    assert len(recorded_workers) > 3 and recorded_workers - {task.tid for task in dump.oracle.tasks.values() if b"rescuer_thread" in
                                                            task.files.get("stack", b"")} <= pids


PENDING = """
long = gdb.lookup_type("unsigned long")
work = gdb.lookup_type("struct work_struct")
offset = next(f.bitpos // 8 for f in work.fields() if f.name == "entry")
for at in AT:
    head = gdb.Value(at).cast(long).cast(gdb.lookup_type("struct worker_pool").pointer())["worklist"]
    node, found = head["next"], []
    while node != head.address and len(found) < 1000:
        found.append(int(node.cast(long)) - offset)
        node = node["next"]
    print(at, *found)
"""


def test_pending_work_as_gdb_finds_it(dump):
    pools = {int(pool["pool"], 16): [int(row["work"], 16) for row in pool["pending"]] for pool in work(dump, "-a")["pools"]}
    out = dump.python(PENDING.replace("AT", repr(sorted(pools))))
    assert {at: found for at, *found in (map(int, line.split()) for line in out.splitlines())} == pools
    assert all(row["workqueue"] and row["function"] for pool in work(dump, "-a")["pools"] for row in pool["pending"])
