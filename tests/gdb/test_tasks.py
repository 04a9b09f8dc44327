"""ps, info threads and the convenience functions, held against /proc as the guest recorded it just before the crash."""
import re

import pytest

from conftest import as_json, bytes_of

# Tasks that the kernel makes and ends as it likes; and what wrote the record.
TRANSIENT = re.compile(rb"^(kworker/|ext4lazyinit$|record$)")


def recorded(dump):
    return {tid: t for tid, t in dump.oracle.tasks.items() if not TRANSIENT.match(t.comm)}


def listed(dump):
    return {t["pid"]: t for t in dump.json("kernel ps")["tasks"] if t["pid"]}


def test_every_recorded_task_is_listed(dump):
    missing = set(recorded(dump)) - set(listed(dump))
    assert not missing


def test_nothing_else_is_listed(dump):
    known = set(dump.oracle.tasks)
    extra = [t["comm"] for pid, t in listed(dump).items() if pid not in known]
    assert [c for c in extra if not TRANSIENT.match(c.encode())] == []


def test_comm_and_parent(dump):
    tasks = listed(dump)
    for tid, task in recorded(dump).items():
        got = tasks[tid]
        # An orphan has a new parent.
        assert got["ppid"] == task.ppid or task.tid != task.tgid or task.ppid not in tasks, (tid, task.comm)
        assert got["comm"] == as_json(task.comm) and bytes_of(got["comm"]) == task.comm, tid


def test_states(dump):
    """A task of a role stays in its state; others may have moved on."""
    tasks = listed(dump)
    letters = {"S": "IN", "D": "UN", "Z": "ZO", "T": "ST", "t": "TR", "I": "ID", "R": "RU"}
    checked = 0
    for tid in dump.roles & set(recorded(dump)):
        state = dump.oracle.tasks[tid].state
        if state == "R":
            continue
        assert tasks[tid]["state"] == letters[state], (tid, dump.oracle.tasks[tid].comm)
        checked += 1
    assert checked > 5


def test_threads_are_cpus_then_tasks(dump):
    text = dump.gdb("info threads")
    rows = re.findall(r"^\*?\s+(\d+)\s+(Thread|CPU|pid|idle) (\S+)", text, re.M)
    cpus = int(dump.info["smp"])
    assert [int(r[0]) for r in rows] == list(range(1, len(rows) + 1))
    assert len(re.findall(r"\(CPU \d+", text)) == cpus
    for n in range(cpus):
        assert re.search(rf"^\*?\s+{n + 1}\s.*\(?CPU {n}\b", text, re.M), n
    idle_not_running = sum(1 for t in dump.json("kernel ps")["tasks"] if not t["pid"] and not t["active"])
    tasks = dump.json("kernel ps")["tasks"]
    assert len(rows) == len(tasks), (len(rows), len(tasks), idle_not_running)


def test_selectors(dump):
    everything = dump.json("kernel ps")["tasks"]
    kernel = dump.json("kernel ps -k")["tasks"]
    user = dump.json("kernel ps -u")["tasks"]
    assert len(kernel) + len(user) == len(everything)
    assert {t["pid"] for t in kernel}.isdisjoint({t["pid"] for t in user})
    # /proc/PID/exe can be read of user processes only, and a kernel thread's parent is kthreadd.
    for t in kernel:
        assert t["ppid"] in (0, 2) or t["idle"], t
    assert all(t["pid"] == t["tgid"] for t in dump.json("kernel ps -G")["tasks"] if t["pid"])


def test_selecting_by_state(dump):
    """The guest's own record of states: D is UN, S is IN; a task whose state nobody knows is in none."""
    tasks = dump.json("kernel ps")["tasks"]
    for letters in ("UN", "IN", "RU"):
        wanted = {t["task"] for t in tasks if t["state"] == letters}
        assert wanted == {t["task"] for t in dump.json(f"kernel ps {letters}")["tasks"]}
    blocked = {t["pid"] for t in dump.json("kernel bt UN")["tasks"]}
    assert dump.pid("uninterruptible") in blocked and blocked == {t["pid"] for t in tasks if t["state"] == "UN"}
    assert "no task is in the state WA" in dump.gdb("kernel ps WA") or any(t["state"] == "WA" for t in tasks)


def test_functions(dump):
    pid = dump.pid("init")
    out = dump.gdb(f"print $task({pid})->pid", f"print $task({pid})->comm",
                   "print $container_of(&$task(1)->tasks, \"struct task_struct\", \"tasks\")->pid",
                   "print $cpu_curr(0)->on_cpu", "print $per_cpu(\"runqueues\", 0).cpu",
                   "print $task(4000000)", "print $per_cpu(\"init_task\", 0)")
    assert f"$1 = {pid}\n" in out
    assert "$3 = 1\n" in out
    assert re.search(r"^\$4 = 1\b", out, re.M)     # a char since 7.0
    assert "$5 = 0\n" in out
    assert "there is no task with pid 4000000" in out
    assert "$per_cpu: init_task is not a per-CPU variable" in out


def test_functions_arrays_and_names(dump):
    """Of what is no number the address is meant; a task by its name, if that is one task's."""
    out = dump.gdb("kernel rd (schedule) 1", "kernel rd (init_task.comm) 1", "kernel rd (init_task.comm)", 'print $task("kthreadd")->pid',
                   'print $task("nobody at all")', "print $task(1.5)")
    assert re.search(rf"^{int(dump.json('kernel sym schedule')['symbols'][0]['address'], 16):08x}: ", out, re.M)
    assert out.count("swap") == 2, out
    assert "$1 = 2\n" in out and "no task is called nobody at all" in out and "not a floating-point number" in out


def test_arguments_and_environment(dump):
    """ps -a reads user memory: the role `arguments` if there is one, else any recorded process."""
    from_user = {tid: t for tid, t in recorded(dump).items() if t.files.get("cmdline") and tid == t.tgid}
    tid, task = next((i for i in from_user.items() if dump.info.get("pid.arguments") == str(i[0])),
                     next(iter(from_user.items())))
    out = dump.gdb(f"kernel ps -a {tid}")
    first = as_json(task.files["cmdline"].split(b"\0")[0])
    assert first in out or "excluded" in out


POLICIES = ["NORMAL", "FIFO", "RR", "BATCH", "ISO", "IDLE", "DEADLINE", "EXT"]


@pytest.mark.every_machine
@pytest.mark.once
def test_policy_and_priority(dump):
    """ps -Y: fields 41 and 18 of /proc/PID/stat, which counts from 100."""
    shown = {int(line.split()[0]): line.split() for line in (line.lstrip("> ") for line in dump.gdb("kernel ps -Y -I -H").splitlines())
             if re.match(r"\d+ +\d+ +\d+ +[0-9a-f]{8}", line)}
    checked = 0
    for tid, task in recorded(dump).items():
        if tid in dump.roles or dump.has_slept_since(task):
            assert shown[tid][5:7] == [POLICIES[int(task.stat[38])], str(int(task.stat[15]) + 100)], task.comm
            checked += 1
    assert checked > 40


@pytest.mark.every_machine
@pytest.mark.once
def test_without_idle_tasks_without_heading_in_80_columns(dump):
    table = lambda options: [line for line in dump.gdb("kernel ps" + options).splitlines() if re.search(r"(?:^| )PID  |^>? +\d+ +\d+ +\d+  ", line)]
    with_heading, without = table(""), table(" -H")
    assert with_heading[1:] == without and "PID" in with_heading[0]
    assert [line for line in table(" -I -H")] == [line for line in without if "[swapper/" not in line]
    assert {t["pid"] for t in dump.json("kernel ps -I")["tasks"]} == set(listed(dump))
    assert [line for option in ("", " -Y", " -s") for line in table(option) if len(line) > 80] == []
