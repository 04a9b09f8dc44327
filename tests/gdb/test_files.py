"""kernel files: what tasks have open, held against /proc/PID/{fd,fdinfo,root,cwd,exe} and /proc/net as the guest recorded them."""
import functools
import ipaddress
import re

import pytest

from conftest import as_json

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def listed(dump):
    return {task["pid"]: task for task in dump.json("kernel files -a")["tasks"]}


def recorded(dump):
    """The roles' leaders: they did to the end what they did in the record."""
    return {pid: dump.oracle.tasks[pid] for pid in dump.roles if dump.oracle.tasks[pid].tgid == pid}


def fields(text):
    return dict(re.findall(r"^(\w+):\s*(\S+)", text.decode(), re.M))


def test_paths_of_descriptors_are_the_guests(dump):
    checked = 0
    for pid, task in recorded(dump).items():
        ours = {file["fd"]: file["path"] for file in listed(dump)[pid]["files"]} if pid in listed(dump) else {}
        theirs = {int(name[3:]): as_json(target) for name, target in task.files.items() if name.startswith("fd/")}
        assert ours == theirs, (pid, task.comm)
        checked += len(theirs)
    assert checked > 50


def test_positions_flags_and_inodes_are_the_guests(dump):
    """(The file that the roles' output goes to is written until the end.)"""
    checked = 0
    for pid, task in recorded(dump).items():
        for file in listed(dump)[pid]["files"] if pid in listed(dump) else ():
            info = fields(task.files[f"fdinfo/{file['fd']}"])
            assert int(info["flags"], 8) == int(file["flags"], 8), (pid, file)
            assert "info (deleted)" in file["path"] or int(info["pos"]) == file["position"], (pid, file)
            assert "ino" not in info or int(info["ino"]) == file["inode_number"], (pid, file)
            checked += 1
    assert checked > 50


def test_root_cwd_and_exe_are_the_guests(dump):
    for pid, task in recorded(dump).items():
        ours = listed(dump)[pid]
        for name in ("root", "cwd", "exe"):
            # Who has exited has none any more, and cannot be asked.
            assert name not in task.files or ours[name] == as_json(task.files[name]), (pid, name)


def details(dump, role):
    return {file["fd"]: file["details"] for file in listed(dump)[dump.pid(role)]["files"]}


def address(text, machine):
    """"0100007F:1E61" of /proc/net/tcp: the words of the address are in the machine's order."""
    host, port = text.split(":")
    words = [bytes.fromhex(host[i:i + 8]) for i in range(0, len(host), 8)]
    packed = b"".join(word if machine == "s390x" else word[::-1] for word in words)
    host = str(ipaddress.ip_address(packed))
    return f"[{host}]:{int(port, 16)}" if len(packed) == 16 else f"{host}:{int(port, 16)}"


def test_sockets_are_the_guests(dump):
    found, states = {}, {"0A": "LISTEN", "01": "ESTABLISHED", "07": "CLOSE"}
    for name, protocol in (("tcp", "INET TCP"), ("tcp6", "INET6 TCP"), ("udp", "INET UDP")):
        for line in dump.oracle.text(f"proc/net/{name}").splitlines()[1:]:
            _, local, remote, state, *_, = words = line.split()
            to = "" if remote.endswith(":0000") else " to " + address(remote, dump.machine)
            found[int(words[9])] = f"{protocol} {address(local, dump.machine)}{to} {states[state]}"
    ours = {file["inode_number"]: file["details"] for file in listed(dump)[dump.pid("tcp")]["files"] if file["type"] == "SOCK"}
    assert len(ours) >= 5
    # A connection that nobody has accepted has no inode: the record has 0.
    assert ours == {number: found[number] for number in ours}


def test_unix_sockets(dump):
    number = re.search(r" (\d+) /mnt/tmpfs/socket$", dump.oracle.text("proc/net/unix"), re.M)[1]
    files = {file["inode_number"]: file for file in listed(dump)[dump.pid("unix_sockets")]["files"] if file["type"] == "SOCK"}
    assert files[int(number)]["details"] == "UNIX STREAM /mnt/tmpfs/socket LISTEN"
    # A pair of datagram sockets was not connected, to 5.10.
    pair = [file["details"] for inode, file in files.items() if inode != int(number)]
    assert len(pair) == 2 and len({re.fullmatch(r"UNIX DGRAM peer (\w+) (?:ESTABLISHED|CLOSE)", text)[1] for text in pair}) == 2


def test_eventfd_epoll_and_pipe(dump):
    by_path = {file["path"]: file["details"] for file in listed(dump)[dump.pid("files")]["files"]}
    assert by_path["anon_inode:[eventfd]"] == "count 42"
    pid = dump.pid("epoll")
    epoll = next(file for file in listed(dump)[pid]["files"] if "eventpoll" in file["path"])
    info = dump.oracle.tasks[pid].files[f"fdinfo/{epoll['fd']}"].decode()
    theirs = {(int(fd), int(events, 16)) for fd, events in re.findall(r"tfd:\s*(\d+) events:\s*(\w+)", info)}
    assert theirs and theirs == {(int(a), int(b, 16)) for a, b in (w.split(":") for w in epoll["details"].split()[1:])}
    pipe = next(text for text in details(dump, "blocked_reader").values() if text and text.startswith("readers"))
    assert re.fullmatch(r"readers 1, writers 1, buffers 0", pipe)


def test_a_reference_and_a_dentry(dump):
    pid = dump.pid("files")
    file = next(f for f in listed(dump)[pid]["files"] if f["path"] == "/mnt/ext4/directory/file")
    text = dump.gdb(f"kernel files -R {file['inode'][2:]} -a", f"kernel files -d {file['dentry'][2:]}", f"kernel files -R /nowhere {pid}")
    assert text.count("/mnt/ext4/directory/file") == 1 and text.count("PID: ") == 1
    assert re.search(r"FILE SYSTEM: +ext4", text) and re.search(r"PATH: +/directory/file$", text, re.M)
    assert "no open file of these tasks is /nowhere" in text
