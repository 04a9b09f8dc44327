"""kernel fuser, held against /proc/PID/{fd,cwd,root,exe,maps} as the guest recorded them: the processes of its workload."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def recorded(dump, path):
    """{pid: (descriptors, cwd, root, exe, mapped)} of the workload's processes."""
    found = {}
    for pid in dump.roles:
        task = dump.oracle.tasks.get(pid)
        if not task or task.tgid != task.tid or task.state == "Z":
            continue
        name = path.encode()
        fds = sorted(int(key[3:]) for key, target in task.files.items() if key.startswith("fd/") and target == name)
        places = [task.files.get(key) == name for key in ("cwd", "root", "exe")]
        mapped = any(line.split(None, 5)[5:] == [name] for line in task.files.get("maps", b"").splitlines())
        if fds or any(places) or mapped:
            found[pid] = (fds, *places, mapped)
    return found


def users(dump, word):
    return {row["pid"]: (sorted(fd["fd"] for fd in row["fds"]), row["cwd"], row["root"], row["exe"], row["mapped"])
            for row in dump.json(f"kernel fuser {word}")["users"]}


@pytest.mark.parametrize("path", ["/bin/workload", "/dev/null", "/dev/console", "/"])
def test_users_are_the_records(dump, path):
    ours, theirs = users(dump, path), recorded(dump, path)
    assert len(theirs) > 10 and {pid: use for pid, use in ours.items() if pid in theirs} == theirs
    others = set(ours) - set(theirs)
    assert not others & {pid for pid in dump.roles if pid in dump.oracle.tasks and dump.oracle.tasks[pid].tgid == pid}


def test_addresses(dump):
    """The same users by the inode and by the struct file, which tasks that were forked share."""
    file = next(row for row in dump.json(f"kernel files {dump.pid('ipc')}")["tasks"][0]["files"] if row["path"] == "/dev/null")
    by_path, by_inode = users(dump, "/dev/null"), users(dump, file["inode"])
    assert by_path == by_inode == users(dump, file["dentry"])
    assert dump.pid("ipc") in users(dump, file["file"]) and set(users(dump, file["file"])) <= set(by_path)
    text = dump.gdb("kernel fuser /nowhere", "kernel fuser", "kernel fuser /dev/null", status=1)
    assert "no task uses it" in text and "fuser: it takes one path" in text and re.search(r"rig-ipc +fd 0$", text, re.M)
