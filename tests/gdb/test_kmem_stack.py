"""kernel kmem of an address on a stack: the task, and the frame of it, held against the guest's /proc/PID/stack and kernel bt's stack pointers."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def test_frames(dump):
    pid = dump.pid("nanosleep")
    frames = [frame for frame in dump.json(f"kernel bt {pid}")["tasks"][0]["frames"] if frame["function"]]
    inner = [frame for frame in frames if frame["sp"]]
    assert len(inner) > 4
    found = {int(row["address"], 16): row["what"] for row in
             dump.json("kernel kmem " + " ".join(frame["sp"] for frame in inner))["addresses"] if row["kind"] == "stack"}
    named = []
    for frame in inner:
        said = found.get(int(frame["sp"], 16))
        if said and (match := re.search(r"frame #\d+ (\w+)[^+]*\+0x[0-9a-f]+.*, 0x0 above its stack pointer", said)):
            assert f"stack of task {pid} (" in said
            named.append(match[1])
    # The guest's own stack of this task, which sleeps: each of its functions is the frame at some stack pointer.
    theirs = [name.split(".")[0] for name in dump.oracle.tasks[pid].stack]
    assert len(named) > 4 and len(set(theirs) & set(named)) >= len(theirs) // 2
