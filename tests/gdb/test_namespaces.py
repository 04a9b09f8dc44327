"""ps -n, held against /proc/PID/ns and NSpid of /proc/PID/status as the guest recorded them."""
import functools
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu", "mixed")]


@functools.lru_cache(maxsize=None)
def listed(dump):
    return {row["pid"]: row for row in dump.json("kernel ps -n")["tasks"] if row["pid"]}


def recorded(dump):
    """(tid, {kind: inode}, pids) of those that did not come or go since."""
    for tid, task in dump.oracle.tasks.items():
        if tid in listed(dump) and "status" in task.files:
            # /proc/PID/ns/x is "x:[1]"; that of pid_for_children is "pid:[1]"
            links = {name[3:]: int(re.search(rb"\[(\d+)\]", link)[1]) for name, link in task.files.items() if name.startswith("ns/") and b"[" in link}
            pids = re.search(rb"^NSpid:\t(.*)$", task.files["status"], re.M)
            yield tid, links, [int(word) for word in pids[1].split()]


def child(dump):
    """Of the role that made namespaces of all kinds: those of pids are for its child."""
    return next(tid for tid, task in dump.oracle.tasks.items() if task.ppid == dump.pid("namespaces"))


def test_namespaces_are_those_of_the_record(dump):
    compared = set()
    for tid, links, pids in recorded(dump):
        ours = listed(dump)[tid]["namespaces"]
        assert {kind: ours[kind] for kind in links} == links, tid
        compared |= {(tid, kind) for kind in links}
    assert {kind for _, kind in compared} >= {"mnt", "net", "pid", "pid_for_children", "uts", "ipc", "user", "cgroup", "time"}
    inside, init = listed(dump)[child(dump)]["namespaces"], listed(dump)[1]["namespaces"]
    assert {kind for kind in inside if inside[kind] != init[kind]} >= {"mnt", "net", "pid", "uts", "ipc", "user"}


def test_pids_are_those_of_the_record(dump):
    found = {tid: pids for tid, _, pids in recorded(dump)}
    assert found[child(dump)] == [child(dump), 1] and len(found) > 60
    for tid, pids in found.items():
        rows = listed(dump)[tid]["ns_pids"]
        assert [row["pid"] for row in rows] == pids and [row["level"] for row in rows] == list(range(len(pids))), tid


def test_words(dump):
    text = dump.gdb(f"kernel ps -n {child(dump)}", "kernel ps -n -S", status=1)
    numbers = listed(dump)[child(dump)]["namespaces"]
    assert re.search(rf"^  mnt {numbers['mnt']}  net {numbers['net']}  pid {numbers['pid']}  children's pid {numbers['pid_for_children']}$", text, re.M)
    assert re.search(rf" pids {child(dump)} 1$", text, re.M) and re.search("-[nS] and -[nS] are different views", text)
