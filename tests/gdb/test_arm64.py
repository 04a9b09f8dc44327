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


def plain(name):
    """Without what the compiler put behind it, which gdb cuts off."""
    return re.sub(r"\..*", "", name)


@pytest.mark.skipif(not shutil.which("gdb-multiarch"), reason="gdb-multiarch is not installed")
def test_in_gdb(dump):
    """
    gdb's bt of the CPUs, of stacks that pass through a module, and of other sleepers: the same functions as ours, to the end;
    the launcher takes gdb-multiarch by itself.
    """
    found = stacks(dump)
    through = [pid for pid, task in found.items() if any(frame["module"] for frame in task["frames"])]
    sleepers = [pid for pid in found if pid in dump.roles and functions(found[pid])[-1:] == ["el0t_64_sync"]]
    assert len(through) > 3 and sleepers
    pids = through + [pid for pid in sleepers if pid not in through][:6]
    output = dump.gdb(*(command for pid in pids for command in (f"echo ==\\n", f"thread find pid {pid},")))
    threads = re.findall(r"==\nThread (\d+) has", output)
    assert len(threads) == len(pids)
    output = dump.gdb(*(command for thread in threads for command in ("echo ==\\n", f"thread {thread}", "bt")))
    for pid, shown in zip(pids, output.split("==\n")[1:]):
        ours = [plain(name) for name in functions(found[pid])]
        theirs = [name for name in re.findall(r"^#\d+\s+(?:0x[0-9a-f]+ in )?([\w.]+) \(", shown, re.M)]
        # gdb has inlined functions, too, and `thread` has shown the first one already.
        rest = iter(theirs)
        assert all(name in rest for name in ours), (pid, ours, theirs)
        assert next(rest, None) is None


@pytest.mark.skipif(not shutil.which("gdb-multiarch"), reason="gdb-multiarch is not installed")
def test_null_has_no_name(dump):
    """With all modules' files: none of their sections is left at 0."""
    names = [module["name"] for module in dump.json("kernel mod")["modules"]]
    assert "No symbol matches 0." in dump.gdb(*(f"kernel mod -s {name}" for name in names), "info symbol 0")
