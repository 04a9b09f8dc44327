"""kernel sig, held against /proc/PID/status as the guest recorded it, and against what the role `signals` did."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]
FIELDS = {"SigPnd": "pending", "ShdPnd": "shared", "SigBlk": "blocked", "SigIgn": "ignored", "SigCgt": "caught"}


def recorded(status):
    text = status.decode(errors="replace")
    return {FIELDS[name]: mask for name, mask in re.findall(r"^(\w+):\s*([0-9a-f]{16})$", text, re.M) if name in FIELDS}


def sets(task):
    return {row["set"]: row["mask"] for row in task["sets"]}


def test_sets_are_those_of_the_record(dump):
    """Of the roles, which did to the end what they did in the record, of zombies and of a kernel thread."""
    zombies = {pid for pid, task in dump.oracle.tasks.items() if b"State:\tZ" in task.files.get("status", b"")}
    pids = sorted(set(dump.roles) | zombies | {2})
    tasks = dump.json("kernel sig " + " ".join(map(str, pids)))["tasks"]
    assert [task["pid"] for task in tasks] == pids
    kinds = set()
    for task in tasks:
        theirs = recorded(dump.oracle.tasks[task["pid"]].files["status"])
        assert sets(task) == theirs, task["comm"]
        kinds.add(tuple(theirs.values()))
    assert len(kinds) >= 4 and zombies


def test_what_the_role_did(dump):
    pid = dump.pid("signals")
    task = dump.json(f"kernel sig {pid}")["tasks"][0]
    assert {row["set"]: row["signals"] for row in task["sets"]}["blocked"] == "SIGUSR1 SIGRTMIN+5"
    assert [(q["queue"], q["name"], q["code_name"], q["sender_pid"], q["sender_uid"], q["value"]) for q in task["queued"]] == [
        ("shared", "SIGUSR1", "SI_USER", pid, 0, None), ("shared", "SIGRTMIN+5", "SI_QUEUE", pid, 0, 77 << 32 if first_half(dump) else 77)]
    actions = {action["name"]: action for action in task["actions"]}
    assert set(actions) == {"SIGHUP", "SIGUSR2"}
    assert actions["SIGHUP"]["handler"] == "SIG_IGN" and int(actions["SIGUSR2"]["handler"], 16) > 4096
    assert all("SA_RESTART" in action["flags"] for action in actions.values())
    # The mask of an action that signal() made has the signal itself.
    assert int(actions["SIGUSR2"]["mask"], 16) == 1 << 11


def first_half(dump):
    """sival_int is the first half of sival_ptr."""
    return dump.machine == "s390x"


def test_threads_of_a_group(dump):
    pid = dump.pid("threads")
    tasks = dump.json(f"kernel sig -g {pid}")["tasks"]
    assert {task["pid"] for task in tasks} == {number for number, task in dump.oracle.tasks.items() if task.tgid == pid}
    assert [len(task["sets"]) for task in tasks] == [5] + [2] * (len(tasks) - 1) and len(tasks) > 2
    assert all("actions" not in task for task in tasks[1:])


def test_lists_and_masks(dump):
    names = {row["number"]: row["name"] for row in dump.json("kernel sig -l")["signals"]}
    assert len(names) == 64 and (names[9], names[17], names[32], names[34]) == ("SIGKILL", "SIGCHLD", "SIGRTMIN", "SIGRTMIN+2")
    assert dump.json("kernel sig -s 10200")["set"] == {"mask": "0000000000010200", "signals": "SIGUSR1 SIGCHLD"}
    assert "no task has the PID 99999" in dump.gdb("kernel sig 99999", status=1)
    assert len(dump.json("kernel sig -a 1")["tasks"][0]["actions"]) == 64
