"""arm64's dumps: VMCORE_TEST_SETS="arm64/6.1:sysrq arm64/6.1:qemu" tests/gdb/make-sets, and gdb-multiarch for what gdb itself does."""
import re
import shutil

import pytest

pytestmark = pytest.mark.machine("arm64")


def stacks(dump):
    return {task["pid"]: task for task in dump.json("kernel bt -A")["tasks"] if task["pid"]}


def functions(task):
    return [re.sub(r" \[.*", "", frame["function"] or "") for frame in task["frames"]]


def test_stacks_of_sleepers(dump):
    """Down to the system call or the thread's start, as the guest's own /proc/PID/stack."""
    seen, compared = stacks(dump), 0
    for pid in dump.roles & dump.oracle.tasks.keys():
        task = dump.oracle.tasks[pid]
        if not task.stack or task.state not in "SDI" or pid not in seen:
            continue
        found = functions(seen[pid])
        # The kernel begins with __switch_to or behind it.
        assert found[found.index(task.stack[0]):][:len(task.stack)] == task.stack, pid
        compared += 1
    assert compared > 20


def test_every_stack_has_an_end(dump):
    for task in stacks(dump).values():
        assert task["complete"] or task["end"], task


def test_tasks(dump):
    """Every process of the workload, by pid, name and parent."""
    shown = {task["pid"]: task for task in dump.json("kernel ps")["tasks"]}
    for pid in dump.roles:
        if pid in dump.oracle.tasks:
            assert shown[pid]["ppid"] == dump.oracle.tasks[pid].ppid


def test_modules(dump):
    """Names and addresses of /proc/modules."""
    recorded = {}
    for line in dump.oracle.text("proc/modules").splitlines():
        fields = line.split()
        recorded[fields[0]] = int(fields[5], 16)
    shown = {module["name"]: int(module["base"], 16) for module in dump.json("kernel mod")["modules"]}
    assert shown == recorded


@pytest.mark.skipif(not shutil.which("gdb-multiarch"), reason="gdb-multiarch is not installed")
def test_in_gdb(dump):
    """gdb's bt of sleepers in system calls: the same functions as ours; the launcher takes gdb-multiarch by itself."""
    pids = [pid for pid, task in stacks(dump).items() if pid in dump.roles and functions(task)[-1:] == ["el0t_64_sync"]][:8]
    assert pids
    output = dump.gdb(*(command for pid in pids for command in (f"echo =={pid}=\\n", f"thread find pid {pid},")))
    threads = re.findall(r"==(\d+)=\nThread (\d+) has", output)
    assert len(threads) == len(pids)
    for pid, thread in threads:
        shown = re.findall(r"^#\d+\s+(?:0x[0-9a-f]+ in )?([\w.]+) \(", dump.gdb(f"thread {thread}", "bt"), re.M)
        ours = functions(stacks(dump)[int(pid)])
        # gdb has inlined functions, too, and cuts off what the compiler put behind a name.
        assert [re.sub(r"\..*", "", f) for f in ours] == [f for f in shown if f in {re.sub(r"\..*", "", o) for o in ours}][-len(ours):]
