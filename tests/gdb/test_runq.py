"""kernel runq: what was queued on each CPU, held against what gdb itself reads of the tasks and run queues."""
import functools

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def cpus(dump):
    return dump.json("kernel runq")["cpus"]


TASKS = """
import vmcore
state = "__state" if any(f.name == "__state" for f in gdb.lookup_type("struct task_struct").fields()) else "state"
for t in vmcore.tasks():
    v = t.value
    print("TASK", t.address, t.pid, int(v[state]), int(v["on_rq"]), int(v["prio"]), int(v["se"]["vruntime"]), int(v["on_cpu"]))
"""


@functools.lru_cache(maxsize=None)
def tasks(dump):
    """{address: (pid, state, on_rq, prio, vruntime, on_cpu)}, as the task_structs say."""
    lines = [line.split()[1:] for line in dump.python(TASKS).splitlines() if line.startswith("TASK ")]
    return {int(line[0]): tuple(map(int, line[1:])) for line in lines}


def test_queued_tasks_are_those_that_say_so(dump):
    """Every task that is on_rq is on exactly one queue, and no other task is on any."""
    queued = [int(entry["task"], 16) for cpu in cpus(dump) for entry in cpu["queued"] if entry["task"]]
    said = {address for address, task in tasks(dump).items() if task[2] == 1 and task[0]}
    assert len(queued) == len(set(queued))
    assert set(queued) == said and said
    for cpu in cpus(dump):
        for entry in cpu["queued"]:
            if entry["task"]:
                pid, state, _, prio, vruntime, _ = tasks(dump)[int(entry["task"], 16)]
                assert (entry["pid"], entry["prio"]) == (pid, prio)
                assert entry["class"] != "fair" or entry["vruntime"] == vruntime
                assert state == 0 or entry["delayed"]
                assert (entry["class"] == "fair") == (prio >= 100) or entry["class"] == "ext"


def test_nr_running_and_the_current_task(dump):
    online = {int(thread) for thread in dump.python(
        "import vmcore\nprint(*[c.number for c in vmcore.cpus()])").splitlines()[-1].split()}
    assert {cpu["cpu"] for cpu in cpus(dump)} == online
    for cpu in cpus(dump):
        counted = [entry for entry in cpu["queued"] if not entry["throttled"]]
        assert cpu["nr_running"] in (len(counted), len([entry for entry in counted if entry["task"]]))
        running = [entry for entry in cpu["queued"] if entry["current"]]
        assert [entry["task"] for entry in running] == ([cpu["task"]] if cpu["pid"] else [])
        assert tasks(dump)[int(cpu["task"], 16)][5] == 1
    assert not dump.json("kernel runq").get("notes")


def test_clocks(dump):
    """Of the guest's record before the crash no clock is older than its last seconds of uptime; the order is what was asked for."""
    by_cpu, behind, running = (dump.json(f"kernel runq -{letter}")["clocks"] for letter in "tTm")
    key = lambda row: row["cpu"]
    assert sorted(behind, key=key) == sorted(running, key=key) == by_cpu
    assert [row["behind_ns"] for row in behind] == sorted((row["behind_ns"] for row in by_cpu), reverse=True)
    assert [row["running_ns"] or 0 for row in running] == sorted((row["running_ns"] or 0 for row in by_cpu), reverse=True)
    newest = max(row["clock_ns"] for row in by_cpu)
    uptime = float(dump.oracle.text("proc/uptime").split()[0])
    assert uptime - 5 < newest / 1e9 < uptime + 300
    for row in by_cpu:
        assert row["behind_ns"] == newest - row["clock_ns"] and row["running_ns"] in (None, max(0, row["clock_ns"] - (row["since_ns"] or 0)))


def test_groups(dump):
    groups = dump.json("kernel runq -g")["groups"]
    for cpu in cpus(dump):
        own = [group for group in groups if group["cpu"] == cpu["cpu"]]
        fair = [entry for entry in cpu["queued"] if entry["class"] == "fair"]
        assert own[0]["depth"] == 0 and own[0]["cgroup"] in ("/", None)
        assert own[0]["queued"] == len([entry for entry in fair if not entry["throttled"]])
        assert {entry["group"] for entry in fair} <= {group["group"] for group in own}


def test_words(dump):
    assert [cpu["cpu"] for cpu in dump.json("kernel runq -c 0")["cpus"]] == [0]
    assert "runq: 7? CPUs are chosen by -c" in dump.gdb("kernel runq 7", status=1)
    assert "one of -t, -T, -m, -g at a time" in dump.gdb("kernel runq -t -g", status=1)
