"""`kernel sockets`: as the guest's /proc/net had them."""
import re

import pytest

from test_files import address

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]

STATES = {1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RECV", 4: "FIN_WAIT1", 5: "FIN_WAIT2", 6: "TIME_WAIT", 7: "CLOSE", 8: "CLOSE_WAIT",
          9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING", 12: "NEW_SYN_RECV"}
TABLES = {"tcp": ("TCP", "INET"), "tcp6": ("TCP", "INET6"), "udp": ("UDP", "INET"), "udp6": ("UDP", "INET6"), "raw": ("RAW", "INET"),
          "raw6": ("RAW", "INET6"), "udplite": ("UDPLITE", "INET"), "udplite6": ("UDPLITE", "INET6")}


def records(dump, name):
    """Newer kernels have no UDP-Lite."""
    path = dump.oracle.directory / "proc" / "net" / name
    return [line.split() for line in path.read_text().splitlines()[1:]] if path.exists() or "lite" not in name else []


def inet(dump, name):
    """(local, remote, state, receive, send, inode)"""
    end = lambda text: address(text, dump.machine) if int(text.rsplit(":", 1)[1], 16) else None
    for words in records(dump, name):
        send, receive = (int(n, 16) for n in words[4].split(":"))
        yield address(words[1], dump.machine), end(words[2]), STATES[int(words[3], 16)], receive, send, int(words[9])


def facts(socket):
    return (socket["ends"]["local"], socket["ends"]["remote"], *(socket[key] for key in ("state", "receive", "send", "inode_number")))


def test_internet(dump):
    found = dump.json("kernel sockets")["sockets"]
    for name, (table, family) in TABLES.items():
        assert sorted(map(str, (facts(s) for s in found if (s["table"], s["family"]) == (table, family)))) == sorted(map(str, inet(dump, name))), name
    by_port = {s["ends"]["local"]: s for s in found if s["table"] in ("TCP", "UDP")}
    assert {"127.0.0.1:7777", "127.0.0.1:7778", "[::1]:7779"} <= set(by_port)
    assert [s["receive"] for s in found if s["ends"]["local"] == "127.0.0.1:7777" and s["state"] == "ESTABLISHED"] == [42]
    assert all(s["protocol_number"] == {"TCP": 6, "UDP": 17}[s["table"]] for s in by_port.values())


def test_unix(dump):
    """/proc/net/unix says of a socket whether it is connected; flag 0x10000 is of one that listens."""
    found = dump.json("kernel sockets -x")["sockets"]
    assert {s["table"] for s in found} == {"UNIX"}
    types = {1: "STREAM", 2: "DGRAM", 5: "SEQPACKET"}
    recorded = [(int(w[6]), types[int(w[4], 16)], w[7] if len(w) > 7 else None, w[3] == "00010000", w[5] == "03") for w in records(dump, "unix")]
    assert sorted(recorded) == sorted((s["inode_number"], s["protocol"], s["ends"]["local"], s["state"] == "LISTEN", s["state"] == "ESTABLISHED")
                                      for s in found)
    by_sock = {s["sock"]: s for s in found}
    pair = [s for s in found if s["ends"]["peer"]]
    assert len(pair) == 2 and all(by_sock[s["ends"]["peer"]]["ends"]["peer"] == s["sock"] for s in pair)
    assert all((s["receive"], s["send"]) == (0, 0) for s in found)


def test_netlink_and_packet(dump):
    found = dump.json("kernel sockets")["sockets"]
    recorded = [(int(w[1]), f"port {w[2]}", int(w[4]), int(w[5]), int(w[9])) for w in records(dump, "netlink")]
    assert sorted((s["protocol_number"], s["ends"]["local"], s["receive"], s["send"], s["inode_number"])
                  for s in found if s["table"] == "NETLINK") == sorted(recorded) and len(recorded) > 4
    assert sorted(s["inode_number"] for s in found if s["table"] == "PACKET") == sorted(int(w[8]) for w in records(dump, "packet"))


def test_who_has_them_open(dump):
    """Each socket:[INODE] of /proc/PID/fd of a process that did to the end what it did in the record, and no other one of it."""
    shown = dump.json("kernel sockets")["sockets"]
    inodes = {s["inode_number"] for s in shown}
    found = {(u["pid"], u["fd"], s["inode_number"]) for s in shown for u in s["users"] if u["pid"] in dump.roles}
    recorded = set()
    for pid in dump.roles:
        task = dump.oracle.tasks[pid]
        for name, target in task.files.items() if task.tgid == pid else ():
            match = re.fullmatch(rb"socket:\[(\d+)\]", target) if name.startswith("fd/") else None
            if match and int(match[1]) in inodes:
                recorded.add((pid, int(name[3:]), int(match[1])))
    assert found == recorded and {dump.pid("tcp"), dump.pid("unix_sockets")} <= {pid for pid, *_ in found}


def test_options(dump):
    everything = dump.json("kernel sockets")["sockets"]
    for options, tables in (("-t", {"TCP"}), ("-u", {"UDP", "UDPLITE"}), ("-t -x", {"TCP", "UNIX"})):
        assert dump.json(f"kernel sockets {options}")["sockets"] == [s for s in everything if s["table"] in tables]
    assert dump.json("kernel sockets -n 1") == dump.json("kernel sockets")
    assert re.search(r"^[0-9a-f]+  TCP +ESTABLISHED +42 +0 +\d+\n +127\.0\.0\.1:7777 -> 127\.0\.0\.1:\d+\n +PID %d rig-tcp fd \d+$" % dump.pid("tcp"),
                     dump.gdb("kernel sockets"), re.M)
