"""i386's dumps: 32 bits, stacks of their own for softirqs; test_machines.py has what is true of all."""
import re

import pytest

from machines import functions

pytestmark = pytest.mark.machine("i386")


def test_busy_cpus(dump):
    """A thread that spins in a module, the same in a softirq on its own stack on top of the idle task, and a process in user space."""
    if dump.scenario == "oops":
        pytest.skip("other CPUs were made busy")
    cpus = {task["cpu"]: functions(task) for task in dump.json("kernel bt -a")["tasks"]}
    assert cpus[1][-2:] == ["kthread", "ret_from_fork"] and cpus[1][0].startswith("rig_")
    assert {"call_timer_fn", "__do_softirq", "call_on_stack", "do_softirq_own_stack", "start_secondary"} < set(cpus[2])
    assert cpus[2].index("call_on_stack") < cpus[2].index("handle_exception") < cpus[2].index("cpu_startup_entry")
    assert cpus[3] == []


def test_panic(dump):
    if dump.scenario != "sysrq":
        pytest.skip("no panic")
    task = next(task for task in dump.json("kernel bt -p")["tasks"])
    assert {"panic", "sysrq_handle_crash"} < set(functions(task)) and functions(task)[-1] == "entry_SYSENTER_32"


def test_user_memory(dump):
    """A busy process's own code, by its page tables."""
    pc = next(task["frames"][0]["pc"] for task in dump.json("kernel bt -a")["tasks"] if task["cpu"] == 3)
    output = dump.gdb(f"python print(__import__('vmcore').task({dump.pid('busy')}).read({pc}, 8).hex())")
    assert re.search(r"^[0-9a-f]{16}$", output, re.M), output


def test_gs_is_not_made_up(dump):
    """Since 5.13 entry code does not save gs: in its place is 0, or, where an exception came in, the function that handles it. The
    user's, which a program with thread-local storage has, is still in the CPU."""
    tasks = dump.json("kernel bt -A")["tasks"]
    saved = [frame["saved_registers"] for task in tasks for frame in task["frames"] if frame.get("saved_registers")]
    assert len(saved) > 30 and all(registers["gs"] is None and registers["cs"] for registers in saved)
    busy, = (task for task in tasks if task["cpu"] == 3 and task["frames"] and task["frames"][0]["kind"] == "user")
    assert busy["registers"]["gs"] == "0x33"
