"""`kernel net`: as /sys/class/net and /proc/net/{if_inet6,fib_trie,arp} of the guest had it, and as gdb reads the same structures."""
import ipaddress
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def test_devices(dump):
    found = {d["name"]: d for d in dump.json("kernel net")["devices"]}
    directory = dump.oracle.directory / "sys" / "class" / "net"
    assert set(found) == {path.name for path in directory.iterdir()} and len(found) > 2
    for name, device in found.items():
        read = lambda file: (directory / name / file).read_text().strip()
        assert (device["index"], device["mtu"], device["type"], device["mac"], device["state"], device["flags"]) == \
            (int(read("ifindex")), int(read("mtu")), int(read("type")), read("address"), read("operstate"), int(read("flags"), 16)), name
        assert device["running"] and device["carrier"] == (read("carrier") == "1")
    shown = dump.gdb("kernel net")
    assert re.search(r"^[0-9a-f]+  dummy0 +unknown +1500  %s\n +inet  192\.0\.2\.1/24$" % found["dummy0"]["mac"], shown, re.M)
    assert max(map(len, shown.splitlines()[1:])) <= 80 or dump.machine != "amd64"


def test_addresses(dump):
    devices = dump.json("kernel net")["devices"]
    six = [(ipaddress.ip_address(bytes.fromhex(a)).compressed, int(i, 16), int(prefix, 16), int(scope, 16), int(flags, 16), name)
           for a, i, prefix, scope, flags, name in map(str.split, dump.oracle.text("proc/net/if_inet6").splitlines())]
    # What eth0 was told by its router may have come after the record, and no address stays tentative (0x40).
    found = {(a["address"], d["index"], a["prefix"], a["scope"], a["flags"] & 0xbf, d["name"])
             for d in devices for a in d["addresses"] if a["family"] == "inet6"}
    recorded = {(*rest, flags & 0xbf, name) for *rest, flags, name in six}
    assert recorded <= found and all(name == "eth0" for *_, name in found - recorded) and six
    # The local table has each address as a host; that the prefix is right gdb says.
    local = set(re.findall(r"\|-- (\S+)\n +/32 host LOCAL", dump.oracle.text("proc/net/fib_trie")))
    four = [(d, a) for d in devices for a in d["addresses"] if a["family"] == "inet"]
    assert {a["address"] for _, a in four} == local and len(local) > 1
    output = dump.gdb(*(f"output/u ((struct in_ifaddr *){a['structure']})->{member}" if member else "echo \\nIS " for _, a in four
                        for member in ("", "ifa_prefixlen", "", "ifa_scope")),
                      *(f"output ((struct in_ifaddr *){a['structure']})->ifa_label" if i else "echo \\nLABEL " for _, a in four for i in (0, 1)))
    assert list(map(int, re.findall(r"^IS *(\d+)", output, re.M))) == [value for _, a in four for value in (a["prefix"], a["scope"])]
    assert re.findall(r'^LABEL *"([^"\\]+)', output, re.M) == [d["name"] for d, _ in four]


def test_neighbours(dump):
    """/proc/net/arp leaves out those of the state NOARP."""
    found = dump.json("kernel net -a")["neighbours"]
    arp = [(address, int(hardware, 16), int(flags, 16), mac, device)
           for address, hardware, flags, mac, _, device in map(str.split, dump.oracle.text("proc/net/arp").splitlines()[1:])]
    flags = {"PERMANENT": 6, "INCOMPLETE": 0, "FAILED": 0}      # ATF_PERM | ATF_COM
    assert sorted((n["address"], n["hardware_type"], flags.get(n["state"], 2), n["mac"], n["device"])
                  for n in found if n["family"] == "inet" and n["state"] != "NOARP") == sorted(arp) and arp
    six = [n for n in found if n["family"] == "inet6"]
    assert any(n["state"] == "NOARP" for n in six)      # multicast
    commands = [c for n in six for c in ("echo \\nKEY ", f"output/x *(unsigned char (*)[16])((struct neighbour *){n['neighbour']})->primary_key",
                                         "echo \\nSTATE ", f"output/d ((struct neighbour *){n['neighbour']})->nud_state")]
    output = dump.gdb("set print repeats 0", *commands)
    states = {"NONE": 0, "INCOMPLETE": 1, "REACHABLE": 2, "STALE": 4, "DELAY": 8, "PROBE": 16, "FAILED": 32, "NOARP": 64, "PERMANENT": 128}
    assert [ipaddress.ip_address(bytes(int(b, 16) for b in re.findall("0x[0-9a-f]+", key))).compressed
            for key in re.findall(r"^KEY *(.*)$", output, re.M)] == [n["address"] for n in six]
    assert list(map(int, re.findall(r"^STATE *(\d+)", output, re.M))) == [states[n["state"]] for n in six]


def test_namespace(dump):
    everything = dump.json("kernel net")
    net = everything["namespace"]["net"]
    assert f"NET{int(net, 16):#x}\n" in dump.gdb("echo NET", "output/x (unsigned long)&init_net", "echo \\n")
    for word in ("1", net, "init_net"):
        assert dump.json(f"kernel net -n {word}") == everything
    assert dump.json("kernel net -a -n 1") == dump.json("kernel net -a")
    out = dump.gdb("kernel net -n init_task.comm", "kernel net 1", status=1)
    assert "is no task's name" in out and "write -n 1" in out


def test_number(dump):
    """As gdb reads the bytes of an address."""
    device = next(d for d in dump.json("kernel net")["devices"] if d["name"] == "dummy0")
    structure = next(a["structure"] for a in device["addresses"] if a["family"] == "inet")
    number = re.search(r"NUMBER(0x[0-9a-f]+)", dump.gdb("echo NUMBER", f"output/x ((struct in_ifaddr *){structure})->ifa_local"))[1]
    assert dump.json(f"kernel net -N {number}")["translation"] == [{"number": number, "address": "192.0.2.1"}]
    assert dump.gdb(f"kernel net -N {number[2:]}").endswith("192.0.2.1\n")
    assert "more than the 32 bits" in dump.gdb("kernel net -N 100000000", status=1)
