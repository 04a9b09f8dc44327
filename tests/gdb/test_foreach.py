"""kernel foreach: the tasks that are chosen, held against ps and the guest's record; and what runs for each of them."""
import functools
import json
import re

import pytest

pytestmark = [pytest.mark.scenario("sysrq")]


@functools.lru_cache(maxsize=None)
def everyone(dump):
    return dump.json("kernel ps")["tasks"]


def chosen(dump, selectors):
    """By a command that costs nothing."""
    return [(task["pid"], task["task"]) for task in dump.json(f"kernel foreach {selectors} sig")["foreach"]]


def test_selectors(dump):
    pid = dump.pid("threads")
    group = {number for number, task in dump.oracle.tasks.items() if task.tgid == pid}
    kernel = {task["pid"] for task in everyone(dump) if task["pid"] == 2 or task["ppid"] == 2} | {0}
    assert {number for number, _ in chosen(dump, "kernel")} == kernel
    users = {number for number, _ in chosen(dump, "user")}
    assert users == {task["pid"] for task in everyone(dump)} - kernel and group <= users
    assert users & {number for number, _ in chosen(dump, "gleader user")} == users - {n for n, t in dump.oracle.tasks.items() if t.tgid != n}
    assert {number for number, _ in chosen(dump, "'^thread-[0-3]$'")} < group
    assert {number for number, _ in chosen(dump, "UN")} == {task["pid"] for task in everyone(dump) if task["state"] == "UN"}
    address = next(task["task"] for task in everyone(dump) if task["pid"] == 1)
    assert chosen(dump, f"1 {address[2:]}") == [(1, address)] * 2
    assert dump.json("kernel foreach init kernel sig") == {"foreach": [], "notes": ["no task is what was asked for"]}
    cpus = int(dump.python("import vmcore\nprint(len(vmcore.cpus()))").split()[-1])
    assert len(chosen(dump, "active")) == cpus


def test_our_commands_say_of_each_task_what_they_say_alone(dump):
    document = dump.json("kernel foreach rig-signals rig-files files")
    assert [task["pid"] for task in document["foreach"]] == [dump.pid("signals"), dump.pid("files")]
    for task in document["foreach"]:
        assert task["tasks"] == dump.json(f"kernel files {task['pid']}")["tasks"]
    text = dump.gdb("kernel foreach rig-signals rig-files files -f", f"kernel files -f {dump.pid('signals')} {dump.pid('files')}")
    half = text.count("PID: ") // 2
    assert half == 2 and text.count("rig-signals") == 2


def test_gdbs_commands_run_in_the_tasks_thread(dump):
    """(A task that was switched out is in context_switch(), where prev is itself.)"""
    pids = [dump.pid("signals"), dump.pid("nanosleep")]
    out = dump.json(f"kernel foreach {pids[0]} {pids[1]} print prev->pid")["foreach"]
    assert [int(task["output"].split("=")[1]) for task in out] == pids
    text = dump.gdb(f"kernel foreach {pids[0]} {pids[1]} frame", "thread", f"kernel foreach {pids[0]} nonsense of all sorts",
                    f"kernel foreach {pids[0]} {pids[1]} p prev->pid", "thread", status=1)
    assert len(re.findall(r"^#0 ", text, re.M)) >= 2 and text.count("[Current thread is 1 ") == 2
    assert "of 1 tasks 1 failed" in text and "Undefined command" in text
    # An expression of a command of ours is the task's, too.
    assert all(f"prev->pid = {pid}" in text for pid in pids)


def test_words(dump):
    text = dump.gdb("kernel foreach", "kernel foreach user", "kernel foreach 1 foreach ps", "kernel foreach 1 sig -Q", "kernel foreach 99999 1 sig",
                    status=1)
    assert text.count("foreach: which command?") == 2 and "foreach: not in itself" in text and "there is no option -Q" in text
    assert "no task has the PID 99999" in text and text.count("SIGNAL_STRUCT") == 1


def test_set(dump):
    """gdb's thread is the task's then, and what follows is about it."""
    waiting = dump.pid("nanosleep")
    text = dump.gdb(f"kernel set {waiting}", "print $task()->pid", "frame", "print prev->pid", "kernel sig", "kernel set -p", "print $task()->pid",
                    "kernel set")
    assert f"$1 = {waiting}\n" in text and f"$2 = {waiting}\n" in text and re.search(r"^#0 .*context_switch|^#0 .*__schedule", text, re.M)
    assert re.search(rf"^PID: {waiting} .*COMMAND: \"rig-nanosleep\".*\n(.*\n)*?.*SIGNAL_STRUCT", text, re.M)
    assert "$3 = 1\n" in text and text.count('COMMAND: "init"  STATE: RU\n') == 2
    for cpu in json.loads(dump.python("import json, vmcore\nprint(json.dumps([[c.number, c.task.pid] for c in vmcore.cpus()]))").splitlines()[-1]):
        assert dump.json(f"kernel set -c {cpu[0]}")["task"]["pid"] == cpu[1]


def test_set_what_is_none(dump):
    text = dump.gdb("kernel set 1 2", "kernel set -c 77", "kernel set -c x", "kernel set -p 1", "kernel set 99999", "print $task()->pid", status=1)
    for said in ("one task at a time", "there is no CPU 77", "x is no CPU's number", "one of them", "no task has the PID 99999", "$1 = 1\n"):
        assert said in text, text
