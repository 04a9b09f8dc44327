"""
Functions that a livepatch replaced, by the guest's own word: /sys/kernel/livepatch names the old ones, /proc/PID/stack has the
new ones' names (scenario livepatch: one task sleeps in the old function, one in the new, a CPU is in another new one).
"""
import json
import re

import pytest

from pokes import Poked
from test_stacks import gdb_stacks, pid_of

pytestmark = pytest.mark.scenario("livepatch")
PATCH = "vmcore_rig_livepatch"


def replaced(dump):
    """{old name: its module or None}, of /sys/kernel/livepatch/PATCH/OBJECT/FUNCTION,POSITION."""
    found = {}
    for line in dump.oracle.text("livepatch/functions").splitlines():
        parts = line.split("/")
        if len(parts) == 4:
            assert parts[1] == PATCH
            found[parts[3].rsplit(",", 1)[0]] = None if parts[2] == "vmlinux" else parts[2]
    assert len(found) == 2
    return found


def with_module(name, module):
    return f"{name} [{module}]" if module else name


def marked(frames):
    return [f for f in frames if f["replaces"] or f["replaced_by"]]


def json_of(dump, own, command):
    if not own:
        return dump.json(command)["tasks"]
    out = dump.gdb("set vmcore symbols dump", f"target vmcore {dump.vmcore}", "python print('=begin=')", f"{command} -j")
    return json.loads(out.split("=begin=\n", 1)[1].splitlines()[0])["tasks"]


@pytest.mark.parametrize("own", [False, True], ids=["vmlinux", "own"])
def test_both_functions_are_named(dump, own):
    old = replaced(dump)
    (vmlinux_old,), (module_old,) = ([n for n, m in old.items() if bool(m) == of_module] for of_module in (False, True))
    new = next(f for f in dump.oracle.tasks[dump.pid("replacing")].stack if "livepatch" in f)
    tasks = {t["pid"]: t for t in json_of(dump, own, f"kernel bt {dump.pid('replaced')} {dump.pid('replacing')}")}
    frame, = marked(tasks[dump.pid("replacing")]["frames"])
    assert new.startswith(frame["function"]) and frame["module"] == PATCH
    assert (frame["replaces"], frame["replaced_by"]) == (with_module(module_old, old[module_old]), None)
    frame, = marked(tasks[dump.pid("replaced")]["frames"])
    assert (frame["function"], frame["module"]) == (module_old, old[module_old])
    assert frame["replaces"] is None and new.startswith(frame["replaced_by"].split()[0])
    cpu, = json_of(dump, own, "kernel bt -c 1")
    frame, = marked(cpu["frames"])
    assert frame["replaces"] == vmlinux_old and frame["module"] == PATCH


def test_stacks_are_the_guests(dump):
    for role in ("replaced", "replacing"):
        recorded = [re.sub(r"\+0x.*", "", f) for f in dump.oracle.tasks[dump.pid(role)].stack]
        ours = [f["function"] for f in dump.json(f"kernel bt {dump.pid(role)}")["tasks"][0]["frames"]]
        assert len(recorded) > 4 and ours[-len(recorded):] == recorded
        theirs = next(s for s in gdb_stacks(dump) if pid_of(s) == dump.pid(role))
        assert theirs["end"] == "outermost"


def test_gdb_and_other_commands(dump):
    old = next(n for n, m in replaced(dump).items() if not m)
    text = dump.gdb("thread 2", "bt", f"kernel sym {old}", f"kernel mod -s {PATCH}", "bt", "kernel bt -c 1")
    assert len(re.findall(rf"^#\d+ .*\blivepatch_\w+ .*\[replaces {old}\] \(", text, re.M)) == 2, text
    assert f"{old} replaced by livepatch_" in text
    assert re.search(rf"#\d+ .* livepatch_\w+\+0x\w+ \[{PATCH}\] at \w+ \(replaces {old}\)$", text, re.M), text


def test_a_patch_that_is_not_in_the_dump(dump):
    """Then nothing is marked, and that is said."""
    patch = int(re.search(r"(0x[0-9a-f]+)$", dump.gdb("print/x (unsigned long)klp_patches.next"))[1], 16)
    with Poked(dump) as copy:
        copy.exclude(patch)
        text = dump.gdb("kernel bt -c 1", vmcore=copy.save())
    assert re.search(r"note: functions that livepatches replaced may not be marked: .*excluded", text, re.S), text
