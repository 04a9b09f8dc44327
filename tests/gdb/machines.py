"""What the tests of other machines than amd64 share."""
import re
import shutil

import pytest

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


def walk(dump, pids):
    """{pid: (pcs, reason)} of gdb's frames that are not inlined; the launcher takes gdb-multiarch by itself."""
    output = dump.gdb(*(command for pid in pids for command in (f"echo =={pid}=\\n", f"thread find pid {pid},")))
    threads = re.findall(r"==(\d+)=\nThread (\d+) has", output)
    assert len(threads) == len(pids)
    output = dump.python(WALK % [int(thread) for _, thread in threads])
    lines = [line.split() for line in re.findall("^frames: (.*)", output, re.M)]
    return {int(pid): ([int(pc) for pc in line[:-1]], line[-1]) for (pid, _), line in zip(threads, lines, strict=True)}
