"""What the scenario mixed puts together: a log that users wrote into, an oops before the panic, PID namespaces."""
import re

import pytest


@pytest.mark.scenario("mixed")
def test_who_panicked(dump):
    """Lines of users do not count, an oops that was survived is not the end, and all views show the same task."""
    console = (dump.directory / "console.log").read_text(errors="replace")
    written = re.search(r"^\[ *([\d.]+)\] (Kernel panic - not syncing: written by a user)", console, re.M)
    survived = [(m[1], m[2]) for m in re.finditer(r"^\[ *([\d.]+)\] (BUG: kernel NULL pointer dereference, address: .*?)\r?$", console, re.M)]
    assert written and len(survived) == 2, "the guest was to write them"
    system = dump.json("kernel sys")
    assert system["system"]["panic"] == "Kernel panic - not syncing: sysrq triggered crash"
    # The other one, of address deadbeef, was written by a user.
    assert "deadbeef" in survived[1][1]
    notes = [note for note in system["notes"] if note.startswith("an oops that was survived: ")]
    assert notes == [f"an oops that was survived: [{survived[0][0].rjust(12)}] {survived[0][1]}"]
    assert "written by a user" not in dump.gdb("kernel sys")

    stack, = dump.json("kernel bt")["tasks"]
    assert stack["pid"] == int(dump.info["pid.init"]) == dump.json("kernel bt -p")["tasks"][0]["pid"]
    names = [f["function"] for f in stack["frames"]]
    assert "sysrq_handle_crash" in names and not any(name.startswith("rig_oops") for name in names if name)
    output = dump.gdb("thread", "bt")
    assert "sysrq_handle_crash" in output and "rig_oops" not in output


@pytest.mark.scenario("mixed")
def test_pids_in_namespaces(dump):
    """ps -N is the end of /proc/PID/status's NSpid, which has one number for each namespace."""
    wanted = {}
    for task in dump.oracle.tasks.values():
        numbers = re.search(rb"^NSpid:\t(.*)$", task.files["status"], re.M)
        if numbers:
            wanted[task.tid] = [int(n) for n in numbers[1].split()]
    assert sum(len(numbers) == 2 for numbers in wanted.values()) >= 4      # rig-inner, ns-one, ns-child, ns-thread
    assert sum(len(numbers) == 3 for numbers in wanted.values()) == 1      # ns-two
    found = {t["pid"]: t for t in dump.json("kernel ps -N")["tasks"] if t["pid"]}
    compared = 0
    for tid, numbers in wanted.items():
        if tid not in found:
            continue        # a worker that came or went, see test_tasks.py
        compared += 1
        assert found[tid]["ns_level"] == len(numbers) - 1, tid
        assert found[tid]["ns_pid"] == (numbers[-1] if len(numbers) > 1 else None), tid
    assert compared >= len(wanted) - 10 and all(len(wanted[tid]) == 1 or tid in found for tid in wanted)
