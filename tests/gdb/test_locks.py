"""kernel locks: who waits for whom, held against what the guest's tasks are known to do, their /proc/PID/{syscall,stack,stat}, and gdb's
own walk of the lists they wait in."""
import functools
import json
import re

import pytest

from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def locks(dump, arguments=""):
    return dump.json(f"kernel locks {arguments}")["tasks"]


def row_of(dump, role, arguments=""):
    row, = (row for row in locks(dump, arguments) if row["pid"] == dump.pid(role))
    return row


def recorded(dump, name):
    return int(re.search(rf"\b{name} ([0-9a-f]+)", dump.oracle.text("sys/kernel/debug/vmcore_rig/containers"))[1], 16)


def first_argument(dump, role):
    """Of the system call the guest found the task in: futex()'s is the word."""
    return int(dump.oracle.tasks[dump.pid(role)].files["syscall"].split()[1], 16)


def test_a_mutex_and_its_holder(dump):
    waiter, holder = row_of(dump, "mutex_waiter"), row_of(dump, "mutex_holder")
    assert waiter["kind"] in ("mutex", "rt_mutex")
    assert int(waiter["object"], 16) == recorded(dump, "mutex")
    assert waiter["object_name"] in (None, "rig_mutex [vmcore_rig]")
    assert waiter["called_by"] == "rig_take_mutex [vmcore_rig]"
    assert (waiter["holder_pid"], waiter["holder_is_hint"], waiter["holder_known"]) == (dump.pid("mutex_holder"), False, True)
    assert (waiter["depth"], waiter["blocks"], waiter["state"]) == (1, 0, "UN")
    assert (holder["depth"], holder["blocks"], holder["kind"]) == (0, 1, None)
    rows = [row["pid"] for row in locks(dump)]
    assert rows[rows.index(waiter["pid"]) - 1] == holder["pid"]


def test_a_wait_queue(dump):
    row = row_of(dump, "uninterruptible")
    assert (row["kind"], row["waits_in"], row["inferred"]) == ("wait_queue", "rig_sleep_uninterruptible [vmcore_rig]", True)
    assert int(row["object"], 16) == recorded(dump, "wait-queue")
    assert row["holder_pid"] is None
    # The holder of the mutex sleeps there, too, but may be woken by signals.
    assert int(row_of(dump, "mutex_holder", "-a")["object"], 16) == recorded(dump, "wait-queue")


def test_pthread_join_waits_for_that_thread(dump):
    """The role's first thread joins the last one that it started: the kernel clears the word at its end, clear_child_tid."""
    row = row_of(dump, "threads")
    assert (row["kind"], row["purpose"], row["holder_pid"]) == ("futex", "join", dump.pid("thread-7"))
    assert int(row["object"], 16) == first_argument(dump, "threads")


def test_futex(dump):
    row = row_of(dump, "futex", "-k futex")
    assert (row["kind"], row["purpose"], row["holder_pid"], row["inferred"]) == ("futex", None, None, True)
    assert {row["pid"] for row in locks(dump, "-k futex")} - {dump.pid("thread-7")} == {dump.pid("futex"), dump.pid("threads")}
    assert {row["pid"] for row in locks(dump, "-k join")} == {dump.pid("thread-7"), dump.pid("threads")}
    assert int(row["object"], 16) == first_argument(dump, "futex")


def test_all_that_slept_uninterruptibly(dump):
    """What was in state D when the guest wrote it down, and has not run since, is there."""
    shown = {row["pid"] for row in locks(dump)}
    sleeping = {task.tid for task in dump.oracle.tasks.values() if task.state == "D" and dump.has_slept_since(task)}
    assert {dump.pid("mutex_waiter"), dump.pid("uninterruptible")} <= sleeping <= shown


def test_functions_are_those_of_the_guests_stacks(dump):
    """/proc/PID/stack begins with the first function that is not the scheduler's, of which a lock's own are part."""
    checked = 0
    for row in locks(dump, "-a"):
        task = dump.oracle.tasks.get(row["pid"])
        if task and row["kind"] not in (None, "futex") and task.stack and dump.has_slept_since(task):
            assert task.stack[0] in [(row[key] or "").split(" ")[0] for key in ("waits_in", "called_by")], row
            checked += 1
    assert checked > 4


def test_a_deadlock(dump):
    """Each of two tasks has one mutex and waits for the other's."""
    one, two = (row_of(dump, role) for role in ("deadlock_one", "deadlock_two"))
    assert (int(one["object"], 16), int(two["object"], 16)) == (recorded(dump, "two"), recorded(dump, "one"))
    for waiter, holder in (one, two), (two, one):
        assert (waiter["holder_pid"], waiter["holder_is_hint"], waiter["deadlock"], waiter["depth"]) == (holder["pid"], False, True, 0)
        assert waiter["circle"] == one["circle"] and waiter["called_by"] == "rig_deadlock [vmcore_rig]"
    assert {row["pid"] for row in locks(dump) if row["circle"]} == {one["pid"], two["pid"]}
    text = re.sub(r"\s+", " ", dump.gdb("kernel locks"))
    names = {row["pid"]: f'PID {row["pid"]} "{row["comm"]}"' for row in (one, two)}
    assert any(re.search(rf"note: deadlock 1: {names[a]} waits for mutex [^,]+, which {names[b]} has; it waits for mutex [^,]+, which {names[a]} has", text)
               for a, b in ((one["pid"], two["pid"]), (two["pid"], one["pid"]))), text


def test_readers_and_a_writer(dump):
    """The first reader has it; the kernel notes who that was last, as a hint. A writer waits for it, and the next reader for the writer."""
    rows = {role: row_of(dump, f"rwsem_{role}") for role in ("writer", "late_reader")}
    assert {role: row["wanted_for"] for role, row in rows.items()} == {"writer": "write", "late_reader": "read"}
    for row in rows.values():
        assert (row["kind"], int(row["object"], 16), row["state"]) == ("rw_semaphore", recorded(dump, "rwsem"), "UN")
        assert (row["holder_pid"], row["holder_is_hint"]) in [(dump.pid("rwsem_reader"), True), (None, None)]
    assert row_of(dump, "rwsem_reader", "-a")["kind"] == "wait_queue"


def test_semaphore_completion_vfork(dump):
    waiter, waits = row_of(dump, "semaphore_waiter"), row_of(dump, "completion")
    assert (waiter["kind"], int(waiter["object"], 16), waiter["holder_pid"]) == ("semaphore", recorded(dump, "semaphore"), None)
    assert (waits["kind"], int(waits["object"], 16), waits["holder_pid"]) == ("completion", recorded(dump, "completion"), None)
    parent = row_of(dump, "vfork")
    child, = (task.tid for task in dump.oracle.tasks.values() if re.search(rb"^PPid:\t(\d+)", task.files["status"], re.M)[1] == b"%d" % parent["pid"])
    assert (parent["kind"], parent["purpose"], parent["holder_pid"], parent["holder_is_hint"]) == ("completion", "vfork", child, False)


QUEUES = """
long = gdb.lookup_type("unsigned long")
entry = gdb.lookup_type("struct wait_queue_entry")
offset = next(f.bitpos // 8 for f in entry.fields() if f.name == "entry")
for at in AT:
    head = gdb.Value(at).cast(long).cast(gdb.lookup_type("struct wait_queue_head").pointer())["head"]
    node, tasks = head["next"], []
    while node != head.address and len(tasks) < 1000:
        waiter = gdb.Value(int(node.cast(long)) - offset).cast(long).cast(entry.pointer())
        tasks.append(int(waiter["private"].cast(long)))
        node = node["next"]
    print(at, *tasks)
"""


def test_wait_queues_have_these_waiters(dump):
    queues = {}
    for row in locks(dump, "-a"):
        if row["kind"] == "wait_queue":
            queues.setdefault(int(row["object"], 16), set()).add(int(row["task"], 16))
    assert len(queues) > 5
    for line in dump.python(QUEUES.replace("AT", repr(sorted(queues)))).splitlines():
        at, *tasks = map(int, line.split())
        assert queues.pop(at) <= set(tasks)
    assert not queues


def test_only_what_was_asked_for(dump):
    waiter, holder = dump.pid("mutex_waiter"), dump.pid("mutex_holder")
    assert [row["pid"] for row in locks(dump, f"-k {row_of(dump, 'mutex_waiter')['kind']}") if not row["circle"]] == [holder, waiter]
    assert [row["pid"] for row in locks(dump, str(waiter))] == [holder, waiter]
    assert [row["pid"] for row in locks(dump, f"{holder} -k {row_of(dump, 'mutex_waiter')['kind']}")] == [holder, waiter]
    assert dump.json(f"kernel locks {dump.pid('nanosleep')}") == {"tasks": [], "notes": ["none of these waits for anything that is known"]}
    text = dump.gdb(f"kernel locks {waiter}", "kernel locks -k sorrow", "kernel locks 99999")
    assert re.search(rf"^BLOCKS .*\n +1 +{holder}  IN .* rig-mutex_holde .*\n +0 +{waiter}  UN +\d+\.\d+ +rig-mutex_waite  (rt_)?mutex .*$", text, re.M)
    assert "note: * what it waits for is inferred from its stack" in text
    assert "locks: -k sorrow: no kind of wait; there are unknown, mutex, rw_semaphore, " in text
    assert "99999" in text


def test_most_blocking_first(dump):
    """After the deadlocks, which nobody will end."""
    rows = [row for row in locks(dump) if not row["depth"]]
    assert [bool(row["deadlock"]) for row in rows[:3]] == [True, True, False] and not any(row["deadlock"] for row in rows[2:])
    rows = rows[2:]
    assert [row["blocks"] for row in rows] == sorted((row["blocks"] for row in rows), reverse=True)


def write_user(dump, copy, pid, address, data):
    found, = dump.json(f"kernel vtop -c {pid} -u {address:x}")["translations"]
    with open(copy.path, "r+b") as file:
        for offset in copy.offsets(int(found["physical"], 16)):
            file.seek(offset)
            file.write(data)


def held(dump, role, copy):
    text = dump.gdb("kernel locks -k futex -j", vmcore=copy.save())
    row, = (row for row in json.loads(next(line for line in text.splitlines() if line.startswith("{")))["tasks"] if row["pid"] == dump.pid(role))
    return row["kind"], row["purpose"], row["holder_pid"], row["holder_is_hint"]


WAITERS = 0x80000000


@pytest.mark.once
def test_a_tid_in_a_futex_is_a_hint(dump):
    """Only with FUTEX_WAITERS, and only one that a task has."""
    holder, at = dump.pid("ipc"), first_argument(dump, "futex")
    for word, pid, hint in ((WAITERS | holder, holder, True), (holder, None, None), (WAITERS | 0x3fffff, None, None), (WAITERS, None, None)):
        with Poked(dump) as copy:
            write_user(dump, copy, dump.pid("futex"), at, copy.pack(word, 4))
            assert held(dump, "futex", copy) == ("futex", None, pid, hint)


@pytest.mark.once
def test_who_has_a_futex_in_its_robust_list_holds_it(dump):
    """The C library has registered a list for each thread. That of thread-7 gets the word in it that the role's first thread sleeps at."""
    pid, thread, at = dump.pid("threads"), dump.pid("thread-7"), first_argument(dump, "threads")
    head, place = map(int, dump.python(f"t = gdb.parse_and_eval('$task({thread})'); "
                                           "own = any(field.name == 'robust_list' for field in t.dereference().type.fields()); "
                                           "print(int((t if own else t['futex'])['robust_list']), int(t['clear_child_tid'].address))").split())
    with Poked(dump) as copy:
        size = copy.word
        text = dump.json(f"kernel vtop -c {pid} -u {head + size:x}")["translations"][0]["physical"]
        with open(copy.path, "rb") as file:
            file.seek(copy.offsets(int(text, 16))[0])
            offset = int.from_bytes(file.read(size), "little" if copy.order == "<" else "big", signed=True)
        copy.write_word(place, 0)     # else it is a join
        write_user(dump, copy, pid, at, copy.pack(WAITERS | thread, 4))
        write_user(dump, copy, pid, head, copy.pack(at - offset))
        assert held(dump, "threads", copy) == ("futex", None, thread, False)
