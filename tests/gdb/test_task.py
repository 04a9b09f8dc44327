"""kernel task: members of task_struct and thread_info, against the guest's record and what gdb prints of the same expressions."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.once]


def tasks(dump, arguments):
    return dump.json(f"kernel task {arguments}")["tasks"]


def values(task, kind):
    structure, = (entry["structures"][0] for entry in task["types"] if entry["type"] == f"struct {kind}")
    return {value["member"]: value["value"] for value in structure["values"]}


def test_members_are_those_of_the_record(dump):
    names = ("futex", "nice", "realtime", "user")
    for name, task in zip(names, tasks(dump, "-R pid,tgid,static_prio,rt_priority,comm,real_parent->pid " + " ".join(str(dump.pid(n)) for n in names))):
        record = dump.oracle.tasks[dump.pid(name)]
        found = values(task, "task_struct")
        assert [entry["type"] for entry in task["types"]] == ["struct task_struct"]
        assert (task["pid"], int(found["pid"]), int(found["tgid"])) == (record.tid, record.tid, record.tgid)
        assert int(found["static_prio"]) - 120 == int(record.stat[16])     # nice
        assert int(found["rt_priority"]) == int(record.stat[37])
        assert int(found["real_parent->pid"]) == record.ppid
        assert found["comm"].startswith(f'"{record.comm.decode()}')


def test_as_gdb_prints_it(dump):
    pid = dump.pid("futex")
    out = dump.gdb("set print pretty off", f"kernel task -j -R flags -x {pid}", f"kernel task -j {pid}", f"print/x $task({pid})->flags",
                   f"print/x $task({pid})->thread_info.flags", f"print $task({pid})->se.vruntime", f"kernel task -R se.vruntime {pid}")
    flags, vruntime = re.findall(r"^\$\d+ = (.*)$", out, re.M)[0], re.findall(r"^\$\d+ = (.*)$", out, re.M)[2]
    assert f"  se.vruntime = {vruntime}\n" in out + "\n"
    import json
    some, whole = (json.loads(line)["tasks"][0] for line in out.splitlines() if line.startswith("{"))
    assert values(some, "task_struct") == {"flags": flags}         # of the two that have it the task_struct's
    assert [entry["type"] for entry in whole["types"]] == ["struct task_struct", "struct thread_info"]
    texts = [entry["structures"][0]["value"] for entry in whole["types"]]
    assert f"vruntime = {vruntime}," in texts[0] and f"pid = {pid}," in texts[0] and "flags = " in texts[1]
    assert int(whole["types"][0]["structures"][0]["address"], 16) == int(whole["task"], 16)


def test_a_member_of_the_thread_info(dump):
    """Each machine has its own; of some structure they have in common there is only `flags', which the task_struct has, too."""
    names = dump.gdb("python print('members', *[f.name for f in gdb.lookup_type('struct thread_info').fields()])", "python 0")
    names = set(re.search(r"^members (.*)$", names, re.M)[1].split()) - {"flags", "cpu", "None"}
    member = sorted(names - set(re.findall(r"\w+", dump.gdb("ptype struct task_struct"))))[:1]
    if member:
        pid = dump.pid("futex")
        task, = tasks(dump, f"-R pid,{member[0]} {pid}")
        assert list(values(task, "thread_info")) == member and values(task, "task_struct") == {"pid": str(pid)}


def test_what_it_cannot_do_is_said(dump):
    text = dump.gdb("kernel task -R sorrow 1", "kernel task 99999", "kernel task -R , 1", "kernel task -R pid 99999 1")
    assert 'task: neither task_struct nor thread_info has a member "sorrow"' in text
    assert "99999" in text and "task: -R: which members?" in text and "  pid = 1\n" in text
