"""`kernel dev`: as /proc/devices, ioports, iomem and partitions of the guest had them, and as gdb reads the same structures."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def test_numbers(dump):
    text = dump.oracle.text("proc/devices")
    character, block = (re.findall(r"^ *(\d+) (.*)$", part, re.M) for part in text.split("Block devices:"))
    found = dump.json("kernel dev")
    assert [(str(d["major"]), d["name"]) for d in found["character"]] == character and len(character) > 5
    assert [(str(d["major"]), d["name"]) for d in found["block"]] == block and block


def test_operations(dump):
    """What gdb itself finds behind the cdev and the gendisk; that of mem is memory_fops."""
    found = dump.json("kernel dev")
    mem = next(d for d in found["character"] if d["name"] == "mem")
    assert mem["operations_name"] == "memory_fops" and f"{int(mem['operations'], 16):x}" in dump.gdb("print/x (unsigned long)&memory_fops")
    commands, wanted = [], []
    for kind, struct, member in ("character", "cdev", "ops"), ("block", "gendisk", "fops"):
        for d in found[kind]:
            if d["device"]:
                commands.append(f"output/x (unsigned long)((struct {struct} *){d['device']})->{member}")
                wanted.append(int(d["operations"], 16))
            else:
                assert d["operations_name"] == "(none)"
    output = dump.gdb(*(c for command in commands for c in ("echo \\nIS ", command)))
    assert [int(value, 16) for value in re.findall(r"^IS *(0x[0-9a-f]+)", output, re.M)] == wanted and len(wanted) > 5
    assert any(d["device"] for d in found["block"])


@pytest.mark.parametrize("file,key,digits", [("ioports", "ports", 4), ("iomem", "memory", 8)])
def test_ports_and_memory(dump, file, key, digits):
    recorded = re.findall(r"^( *)([0-9a-f]+)-([0-9a-f]+) : (.*)$", dump.oracle.text(f"proc/{file}"), re.M)
    found = dump.json("kernel dev -i")[key]
    # /proc/ioports and iomem end at the fifth level.
    assert [(2 * r["level"], int(r["start"], 16), int(r["end"], 16), r["name"]) for r in found if r["level"] < 5] == \
        [(len(blanks), int(start, 16), int(end, 16), name) for blanks, start, end, name in recorded]
    assert recorded or file == "ioports"
    shown = dump.gdb("kernel dev -i")
    for r in found[:3]:
        assert f"{int(r['start'], 16):0{digits}x}-{int(r['end'], 16):0{digits}x}" in shown


WALK = """import gdb
gendisk = gdb.lookup_type("struct gendisk").pointer()
node = gdb.lookup_type("struct xa_node").pointer()
context = gdb.lookup_type("struct blk_mq_hw_ctx").pointer()
started = int(gdb.parse_and_eval("(int)MQ_RQ_IN_FLIGHT"))
for address in %r:
    disk = gdb.Value(address).cast(gendisk)
    queue, counts = disk["queue"], [0, 0]
    number = int(queue["nr_hw_queues"])
    if any(f.name == "hctx_table" for f in queue.dereference().type.fields()):
        head = int(queue["hctx_table"]["xa_head"]) & ((1 << 64) - 1)    # of one queue the queue itself, else a node
        contexts = [gdb.Value(head).cast(context)] if not head & 3 else \\
            [gdb.Value(head & ~3).cast(node)["slots"][i].cast(context) for i in range(number)]
    else:
        contexts = [queue["queue_hw_ctx"][i] for i in range(number)]
    for tags in {int(c["tags"]): c["tags"] for c in contexts}.values():
        for i in range(int(tags["nr_tags"])):
            request = tags["rqs"][i]
            if request and int(request["q"]) == int(queue) and int(request["state"]) == started:
                counts[int(request["cmd_flags"]) & 1] += 1
    print("DISK", disk["disk_name"].string(), *counts)
"""


def test_disks(dump):
    """Names, numbers and sizes of /proc/partitions; which others there are /proc/diskstats says. In flight: gdb's own walk of the queues."""
    found = dump.json("kernel dev -d")["disks"]
    blocks = {tuple(line.split()[:2]) + (line.split()[3],): int(line.split()[2])
              for line in dump.oracle.text("proc/partitions").splitlines()[2:] if line.strip()}
    known = {(str(d["major"]), str(d["first_minor"]), d["name"]): d for d in found}
    everything = {tuple(line.split()[:3]) for line in dump.oracle.text("proc/diskstats").splitlines()}
    assert set(known) == everything and blocks
    for key, size in blocks.items():
        assert known[key]["sectors"] in (None, 2 * size, 2 * size + 1), key
    counted = {name: (int(reads), int(writes)) for name, reads, writes in
               re.findall(r"^DISK (\S+) (\d+) (\d+)$", dump.python(WALK % ([int(d["gendisk"], 16) for d in found],)), re.M)}
    assert {d["name"]: (d["reads"], d["writes"]) for d in found} == counted
    busy = [d for d in found if d["in_flight"]]
    assert dump.json("kernel dev -D")["disks"] == busy
    assert busy or "no disk has a request in flight" in dump.gdb("kernel dev -D")


def test_pci(dump):
    """The driver model's list of the same devices, by gdb; every device that has memory by /proc/iomem is among them."""
    found = dump.json("kernel dev -p")["pci"]
    code = """import gdb
device = gdb.lookup_type("struct pci_dev")
for d in %r:
    v = gdb.parse_and_eval("*(struct pci_dev *)%%#x" %% d)
    driver = v["dev"]["driver"]
    print("PCI", v["dev"]["kobj"]["name"].string(), int(v["vendor"]), int(v["device"]), int(v["class"]) >> 8, int(v["bus"]["number"]), int(v["devfn"]),
          driver["name"].string() if driver else "")
""" % ([int(d["pci_dev"], 16) for d in found],)
    assert [tuple(line.split(" ")[1:]) for line in dump.python(code).splitlines() if line.startswith("PCI ")] == \
        [(d["name"], str(d["vendor"]), str(d["device"]), str(d["class"]), str(d["bus"]), str(d["devfn"]), d["driver"]) for d in found]
    named = set(re.findall(r" : (\w{4}:\w\w:\w\w\.\w)$", dump.oracle.text("proc/iomem"), re.M))
    assert named <= {d["name"] for d in found}
    assert found or "there is no PCI device" in dump.gdb("kernel dev -p")
    assert all(d["domain"] == int(d["name"][:4], 16) for d in found)


def test_what_makes_no_sense(dump):
    out = dump.gdb("kernel dev -i -p", "kernel dev loop", status=1)
    assert "different views" in out and "takes no words" in out
