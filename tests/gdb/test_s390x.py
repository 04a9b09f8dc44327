"""s390x's dumps, big-endian, with address spaces that overlap: VMCORE_TEST_SETS="s390x/6.1:qemu s390x/6.1:qemu-panic" tests/gdb/make-sets,
and gdb-multiarch for what gdb itself does."""
import re
import shutil

import pytest

pytestmark = pytest.mark.machine("s390x")
in_gdb = pytest.mark.skipif(not shutil.which("gdb-multiarch"), reason="gdb-multiarch is not installed")


# The pcs of each thread's frames that are not inlined, and why there are no more: 0, or 1 for outermost.
WALK = """
import gdb
for thread in %s:
    gdb.execute(f"thread {thread}", to_string=True)
    frame, pcs = gdb.newest_frame(), []
    while frame:
        last = frame
        if frame.type() != gdb.INLINE_FRAME:
            pcs.append(frame.pc())
        frame = frame.older()
    print("frames:", *pcs, 0 if last.unwind_stop_reason() in (gdb.FRAME_UNWIND_NO_REASON, gdb.FRAME_UNWIND_OUTERMOST) else last.unwind_stop_reason())
"""


def stacks(dump):
    return {task["pid"]: task for task in dump.json("kernel bt -A")["tasks"] if task["pid"]}


def functions(task):
    return [re.sub(r" \[.*", "", frame["function"] or "") for frame in task["frames"] if frame["kind"] != "user"]


def sleepers(dump):
    """pid: what the guest recorded of the stacks of those that did not run in between."""
    return {pid: task.stack for pid, task in dump.oracle.tasks.items()
            if task.stack and task.state in "SDI" and (pid in dump.roles or dump.has_slept_since(task))}


def test_stacks_of_sleepers(dump):
    """Down to the system call or the thread's start, as the guest's own /proc/PID/stack."""
    seen, compared = stacks(dump), 0
    for pid, recorded in sleepers(dump).items():
        found = functions(seen[pid])
        # The kernel begins with __switch_to or behind it.
        assert found[found.index(recorded[0]):][:len(recorded)] == recorded, pid
        compared += 1
    assert compared > 60


def test_every_stack_has_an_end(dump):
    """Nobody's stack is cut off."""
    for task in stacks(dump).values():
        assert task["complete"] or "has exited" in task["end"], task


def test_user_space_is_reached(dump):
    """At the end of a process's stack are its own registers."""
    ends = [stacks(dump)[pid]["frames"][-1] for pid in dump.roles & stacks(dump).keys() if stacks(dump)[pid]["frames"]]
    assert len(ends) > 30
    for frame in ends:
        assert frame["kind"] == "user" or frame["saved_registers"]["user"], frame


def test_busy_cpus(dump):
    """A thread that spins in a module, the same in a softirq on the IRQ stack on top of the idle task, and a process in user space."""
    if dump.scenario != "qemu":
        pytest.skip("no CPU was made busy")
    cpus = {task["cpu"]: functions(task) for task in dump.json("kernel bt -a")["tasks"]}
    assert cpus[1][-3:] == ["kthread", "__ret_from_fork", "ret_from_fork"]
    assert cpus[2][1:7] == ["call_timer_fn", "__run_timers", "handle_softirqs", "irq_exit_rcu", "do_ext_irq", "ext_int_handler"]
    assert "cpu_startup_entry" in cpus[2] and cpus[3] == []


def test_panic(dump):
    if dump.scenario != "qemu-panic":
        pytest.skip("no panic")
    task = next(task for task in dump.json("kernel bt -p")["tasks"])
    assert "panic" in functions(task) and functions(task)[-1] == "system_call"


def test_tasks(dump):
    """Every process of the workload, by pid, name and parent."""
    shown = {task["pid"]: task for task in dump.json("kernel ps")["tasks"]}
    for pid in dump.roles:
        if pid in dump.oracle.tasks:
            assert shown[pid]["ppid"] == dump.oracle.tasks[pid].ppid
            assert shown[pid]["comm"].encode("latin-1", "replace")[:4] == dump.oracle.tasks[pid].comm[:4] or not dump.oracle.tasks[pid].comm.isascii()


def test_modules(dump):
    """Names and addresses of /proc/modules."""
    recorded = {}
    for line in dump.oracle.text("proc/modules").splitlines():
        fields = line.split()
        recorded[fields[0]] = int(fields[5], 16)
    shown = {module["name"]: int(module["base"], 16) for module in dump.json("kernel mod")["modules"]}
    assert shown == recorded


def test_log(dump):
    """dmesg as the guest read it, whole, at the start of ours."""
    recorded = [re.match(r"<(\d+)>\[ *(\d+)\.(\d+)\] (.*)", line).groups() for line in dump.oracle.text("dmesg").splitlines()]
    shown = [(str(8 * record["facility"] + record["level"]), str(record["timestamp_ns"] // 10**9),
              f"{record['timestamp_ns'] % 10**9 // 1000:06}", line)
             for record in dump.json("kernel log")["log"] for line in record["text"].split("\n")]
    assert len(recorded) > 100 and shown[:len(recorded)] == recorded


def test_user_memory(dump):
    """The known pages of the role "memory", whose addresses are a kernel's as well."""
    base, pid = int(dump.info["memory.base"], 16), dump.pid("memory")
    output = dump.gdb(f"python print(__import__('vmcore').task({pid}).read({base}, 8).hex())")
    assert re.search(r"^[0-9a-f]{16}$", output, re.M), output


@in_gdb
def test_in_gdb(dump):
    """gdb's bt of sleepers: the same frames as ours, down to user space, the launcher takes gdb-multiarch by itself."""
    pids = sorted(sleepers(dump).keys() & stacks(dump).keys())
    pids = [pid for pid in pids if pid in dump.roles][:8] + [pid for pid in pids if pid not in dump.roles][:4]
    output = dump.gdb(*(command for pid in pids for command in (f"echo =={pid}=\\n", f"thread find pid {pid},")))
    threads = re.findall(r"==(\d+)=\nThread (\d+) has", output)
    assert len(threads) == len(pids) > 8
    output = dump.python(WALK % [int(thread) for _, thread in threads])
    for (pid, _), line in zip(threads, re.findall("^frames: (.*)", output, re.M), strict=True):
        *shown, reason = line.split()
        ours = [int(frame["pc"], 16) for frame in stacks(dump)[int(pid)]["frames"]]
        # User space is marked by a bit that no address has.
        if int(pid) in dump.roles:
            assert int(shown.pop()) >> 63
        assert list(map(int, shown)) == ours and reason == "0", pid


@in_gdb
def test_variables_in_gdb(dump):
    output = dump.gdb("p linux_banner", "p init_task.pid", "p /x init_uts_ns.name.machine[0]", "info threads", "p sizeof(long)")
    assert f"Linux version {dump.info['release']}" in output and "swapper/0" in output
    assert re.search(r"^\$2 = 0$", output, re.M) and re.search(r"^\$3 = 0x73$", output, re.M)
