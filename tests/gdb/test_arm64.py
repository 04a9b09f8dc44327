"""arm64's dumps: signed return addresses; test_machines.py has what is true of every machine."""
import json
import re

import pytest

from conftest import run_gdb
from machines import functions, in_gdb, stacks

pytestmark = pytest.mark.machine("arm64")


def plain(name):
    """Without what the compiler put behind it, which gdb cuts off."""
    return re.sub(r"\..*", "", name)


@in_gdb
def test_modules_and_cpus_in_gdb(dump):
    """
    gdb's bt of the CPUs, of stacks that pass through a module, and of other sleepers: the same functions as ours, to the end.
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


@pytest.mark.scenario("sysrq", "qemu")
def test_words_stay_on_their_stack(dump):
    """bt -f of a CPU in a softirq: what a frame has on its stack ends where that stack does, and call_on_irq_stack has nothing."""
    task = next(task for task in dump.json("kernel bt -a -f")["tasks"] if "call_on_irq_stack" in functions(task))
    size, seen = 16384, {}
    for frame in task["frames"]:
        addresses = [int(word["address"], 16) for word in frame["words"]]
        seen[frame["function"]] = len(addresses)
        assert len({address // size for address in addresses}) <= 1, frame
        assert all(address >= int(frame["sp"], 16) for address in addresses)
    assert seen["call_on_irq_stack"] == 0 and seen["do_softirq_own_stack"] and sum(seen.values()) > 100, seen
    assert "is not mapped" not in dump.gdb(f"kernel bt -f -c {task['cpu']}")


@in_gdb
@pytest.mark.scenario("qemu")
def test_freed_code_in_gdb(dump):
    """CPU 0's idle task stands in start_kernel(), whose code the kernel has freed: gdb's bt goes on to the end all the same."""
    shown = dump.gdb("thread 1", "bt")
    names = re.findall(r"^#\d+\s+(?:0x[0-9a-f]+ in )?([\w.?]+) ", shown, re.M)
    assert names[-3:] == ["rest_init", "start_kernel", "__primary_switched"], shown


@in_gdb
@pytest.mark.scenario("qemu")
def test_dump_alone(dump, tmp_path):
    """The stacks of all are those that vmlinux's call frame information gives, interrupted functions and IRQ stacks too; no stack
    pointer is made up."""
    # In a directory of its own, where no vmlinux is found. (The header of QEMU's compressed dump says x86_64, so the launcher
    # cannot choose the gdb by that.)
    (tmp_path / "vmcore").symlink_to(dump.directory / "vmcore.qemu-elf")
    output = run_gdb(None, tmp_path / "vmcore", ["kernel bt -A -j", "print $task(1)->comm", "info symbol start_kernel"])
    seen = {task["task"]: task for line in output.splitlines() if line.startswith("{") for task in json.loads(line)["tasks"]}
    known = {task["task"]: task for task in dump.json("kernel bt -A")["tasks"]}
    assert seen.keys() == known.keys() and len(seen) > 100, output[:2000]
    for address, task in known.items():
        frames = seen[address]["frames"]
        assert [frame["pc"] for frame in frames] == [frame["pc"] for frame in task["frames"]], task["comm"]
        assert seen[address]["complete"] == task["complete"]
        for ours, true in zip(frames, task["frames"]):
            assert ours["sp"] in (None, true["sp"]), (task["comm"], ours, true)
    assert '"init"' in output and "start_kernel in section" in output


@pytest.mark.scenario("sysrq", "qemu")
def test_lines_of_padding(dump):
    """A function that begins with ftrace's nops has a line, also at the start of a section, where no row goes so far back; and the
    labels of the hypervisor's code are no symbols."""
    schedule, kill = (dump.json(f"kernel sym {name}")["symbols"][0] for name in ("schedule", "io_kill_timeouts"))
    assert schedule["source"].startswith("kernel/sched/core.c:") and kill["source"].startswith("io_uring/timeout.c:")
    assert not [symbol["name"] for symbol in dump.json("kernel sym -l")["symbols"] if "$" in symbol["name"]]


def test_stack_pointers(dump):
    """`ps' has the stack pointer of every task, which the task_struct has among the registers: where its first frame is."""
    stacks_of = {task["task"]: task["frames"] for task in dump.json("kernel bt -A")["tasks"]}
    shown = {task["task"]: task["kstackp"] for task in dump.json("kernel ps")["tasks"] if stacks_of[task["task"]]}
    assert len(shown) > 100
    for task, sp in shown.items():
        assert sp == stacks_of[task][0]["sp"], task
