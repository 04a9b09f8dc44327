"""s390x's dumps: big-endian, with address spaces that overlap; test_machines.py has what is true of all."""
import re

import pytest

from machines import functions

pytestmark = pytest.mark.machine("s390x")


def test_busy_cpus(dump):
    """A thread that spins in a module, the same in a softirq on the IRQ stack on top of the idle task, and a process in user space."""
    if dump.scenario != "qemu":
        pytest.skip("no CPU was made busy")
    cpus = {task["cpu"]: functions(task) for task in dump.json("kernel bt -a")["tasks"]}
    assert cpus[1][-3:] == ["kthread", "__ret_from_fork", "ret_from_fork"]
    # In this order; which of the functions between are inlined is not the same in each kernel (6.12's own trace on the console has
    # run_timer_softirq, and __irq_exit_rcu for irq_exit_rcu).
    rest = iter(name.replace("__irq_", "irq_") for name in cpus[2])
    assert all(name in rest for name in ("call_timer_fn", "__run_timers", "handle_softirqs", "irq_exit_rcu", "do_ext_irq", "ext_int_handler")), cpus[2]
    assert "cpu_startup_entry" in cpus[2] and cpus[3] == []


def test_panic(dump):
    if dump.scenario != "qemu-panic":
        pytest.skip("no panic")
    task = next(task for task in dump.json("kernel bt -p")["tasks"])
    assert "panic" in functions(task) and functions(task)[-1] == "system_call"


def test_user_memory(dump):
    """The known pages of the role "memory", whose addresses are a kernel's as well."""
    base, pid = int(dump.info["memory.base"], 16), dump.pid("memory")
    output = dump.gdb(f"python print(__import__('vmcore').task({pid}).read({base}, 8).hex())")
    assert re.search(r"^[0-9a-f]{16}$", output, re.M), output


def test_idle_tasks_are_not_damaged(dump):
    """What s390's vtime charged to the idle tasks of QEMU's CPUs can be a century: that is no damage, and no time."""
    idle = dump.json("kernel ps 0")["tasks"]
    assert len(idle) == 4
    for task in idle:
        assert task["damage"] is None and (task["stime_ns"] is None or task["stime_ns"] < 10**15), task
