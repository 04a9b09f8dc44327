"""kernel ipcs, held against /proc/sysvipc as the guest recorded it, and what is in the objects against gdb's own reading."""
import functools
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


@functools.lru_cache(maxsize=None)
def listed(dump, option=""):
    return dump.json(f"kernel ipcs {option}")


def recorded(dump, name):
    """{number: {column: value}} of /proc/sysvipc/NAME."""
    head, *lines = (line.split() for line in dump.oracle.text(f"proc/sysvipc/{name}").splitlines())
    return {int(row["msqid" if name == "msg" else f"{name}id"]): row for row in (dict(zip(head, line)) for line in lines)}


# Ours: the record's, of each kind.
COMMON = {"key": "key", "uid": "uid", "gid": "gid", "creator_uid": "cuid", "creator_gid": "cgid", "changed": "ctime"}
MEMORY = {"bytes": "size", "attached": "nattch", "creator_pid": "cpid", "last_pid": "lpid", "last_attached": "atime", "last_detached": "dtime",
          "resident_bytes": "rss", "swapped_bytes": "swap"}
SEMAPHORES = {"nr_semaphores": "nsems", "last_operation": "otime"}
QUEUES = {"bytes": "cbytes", "nr_messages": "qnum", "last_sender_pid": "lspid", "last_receiver_pid": "lrpid", "last_sent": "stime", "last_received": "rtime"}


@pytest.mark.parametrize("key, name, names", [("shared_memory", "shm", MEMORY), ("semaphores", "sem", SEMAPHORES), ("queues", "msg", QUEUES)])
def test_objects_are_the_records(dump, key, name, names):
    ours, theirs = {row["id"]: row for row in listed(dump)[key]}, recorded(dump, name)
    assert set(ours) == set(theirs) and len(theirs) == 1
    for number, row in theirs.items():
        assert {mine: ours[number][mine] for mine in (COMMON | names)} == {mine: int(row[its]) for mine, its in (COMMON | names).items()}
        assert ours[number]["mode"] & 0o777 == int(row["perms"], 8)


INSIDE = """
semaphores, queue = (gdb.Value(at).cast(gdb.lookup_type("unsigned long")).cast(gdb.lookup_type("struct " + name).pointer())
                     for at, name in zip(AT, ("sem_array", "msg_queue")))
for i in range(int(semaphores["sem_nsems"])):
    pid = semaphores["sems"][i]["sempid"]
    print(i, int(semaphores["sems"][i]["semval"]), int(pid["numbers"][0]["nr"]) if pid else 0)
node = queue["q_messages"]["next"]
message = node.cast(gdb.lookup_type("struct msg_msg").pointer())       # its list is its first member
print("message", int(node), int(message["m_type"]), int(message["m_ts"]), int(node["next"] == queue["q_messages"].address))
"""


def test_what_is_in_them(dump):
    found = listed(dump, "-s -q 0")
    semaphores, queue = found["semaphores"][0], found["queues"][0]
    values = [[row["number"], row["value"], row["last_pid"]] for row in semaphores["values"]]
    message, = queue["messages"]
    *lines, last = dump.python(f"AT = {int(semaphores['address'], 16)}, {int(queue['address'], 16)}\n" + INSIDE).splitlines()
    assert values == [[int(word) for word in line.split()] for line in lines]
    assert last == f"message {int(message['address'], 16)} {message['type']} {message['size']} 1"
    # What the workload did (tests/rig/guest/roles_files.c).
    assert values[1][1:] == [9, dump.pid("ipc")] and (message["type"], message["size"]) == (5, 12)
    assert "values" not in listed(dump)["semaphores"][0] and "messages" not in listed(dump)["queues"][0]


def test_who_waits(dump):
    waiter, = listed(dump)["semaphores"][0]["waiters"]
    assert (waiter["pid"], waiter["comm"], waiter["waits_to"], waiter["number"], waiter["operation"]) == (dump.pid("ipc"), "rig-ipc", "semop", 0, -1)
    assert not listed(dump)["queues"][0]["waiters"]


def test_namespaces_and_words(dump):
    """The role "namespaces" has an IPC namespace of its own with nothing in it."""
    assert listed(dump, f"-n {dump.pid('namespaces')}") == {"shared_memory": [], "semaphores": [], "queues": []}
    assert listed(dump, "-n 1") == listed(dump)
    assert set(listed(dump, "-m -q")) == {"shared_memory", "queues"} and listed(dump, "-M") == {"shared_memory": listed(dump)["shared_memory"]}
    address = listed(dump)["queues"][0]["address"]
    text = dump.gdb(f"kernel ipcs {address}", "kernel ipcs 77", "kernel ipcs -n 4194000", status=1)
    assert re.search(r"^[0-9a-f]+  0000521a +0 +0 +600 +12 +1$", text, re.M) and "     message " in text and "semaphore 0" not in text
    assert "ipcs: 77 is neither the number nor the address" in text and "ipcs: " in text
