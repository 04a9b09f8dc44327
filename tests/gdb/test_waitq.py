"""kernel waitq: who waits in the rig's wait queue, in a pipe's and for a completion, against the guest's record and gdb's own walk."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def waiters(dump, arguments):
    queue, = dump.json(f"kernel waitq {arguments}")["queues"]
    return queue["waiters"]


def test_the_rigs_queue(dump):
    record = dump.oracle.text("sys/kernel/debug/vmcore_rig/containers")
    at = re.search(r"wait-queue ([0-9a-f]+)", record)[1]
    found = waiters(dump, at)
    assert {row["pid"] for row in found} >= {dump.pid(role) for role in ("uninterruptible", "mutex_holder", "rwsem_reader", "semaphore_holder")}
    assert {row["state"] for row in found} <= {"UN", "IN", "ID"} and len(found) == 5    # and the worker that runs rig_running_work
    assert all(row["function"] == "autoremove_wake_function" and row["exclusive"] is False for row in found)
    # gdb's own way along the list.
    code = f"""
head = gdb.Value({int(at, 16)}).cast(gdb.lookup_type("unsigned long")).cast(gdb.lookup_type("struct wait_queue_head").pointer())["head"]
entry = gdb.lookup_type("struct wait_queue_entry")
offset = next(f.bitpos // 8 for f in entry.fields() if f.name == "entry")
node = head["next"]
while node != head.address:
    at = int(node.cast(gdb.lookup_type("unsigned long"))) - offset
    print(hex(at))
    node = node["next"]
"""
    assert dump.python(code).split() == [row["entry"] for row in found]


@pytest.mark.parametrize("role, member", [("blocked_reader", "rd_wait"), ("blocked_writer", "wr_wait")])
def test_a_pipe(dump, role, member):
    pid = dump.pid(role)
    number = min(int(name[3:]) for name, link in dump.oracle.tasks[pid].files.items() if name.startswith("fd/") and link.startswith(b"pipe:"))
    pipe = f"($task({pid})->files->fdt->fd[{number}]->f_inode->i_pipe)"
    out = dump.gdb("python 0", f"kernel waitq pipe_inode_info.{member} {pipe} -j")
    assert re.findall(r'"pid": ?(\d+)', out) == [str(pid)]


def test_members(dump):
    """A member that is no queue is refused; one that is may be a simple one (`locks' says which completions there are)."""
    text = dump.gdb("kernel waitq task_struct.comm init_task", "kernel waitq task_struct.sorrow init_task", "kernel waitq sorrow init_task",
                    "kernel waitq", "kernel waitq module.state modules")
    assert "waitq: task_struct.comm is no wait queue's head" in text and "waitq: sorrow is no STRUCT.MEMBER" in text
    assert "waitq: which one?" in text and "sorrow" in text
    for row in dump.json("kernel locks -k completion")["tasks"]:
        if row["kind"] == "completion":
            assert row["pid"] in [waiter["pid"] for waiter in waiters(dump, f"completion.wait {row['object']}")]


def test_not_a_queue(dump):
    text = dump.gdb("kernel waitq linux_banner")
    assert re.search(r"^waitq: .", text, re.M)
