"""kernel vtop, ptov, pte: addresses and page tables, held against what lies in memory."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def physical_bytes(dump, addresses):
    """{physical address: the machine's word there}, from one gdb; rd reads physical memory without any page table."""
    size = 4 if dump.machine == "i386" else 8
    code = "import gdb\n" + "\n".join(f"print('AT', '{at}', gdb.execute('kernel rd -x -p -{size * 8} {at}', to_string=True))" for at in addresses)
    return {at: int(value, 16) for at, value in re.findall(r"AT (\w+) +\w+: +(\w+)", dump.python(code))}


def test_every_entry_is_what_lies_there(dump):
    """Each entry of the walk is read once more, as physical memory, and each leads to the next table."""
    symbols = ["linux_banner", "init_task", "jiffies"]
    found = dump.json("kernel vtop " + " ".join(symbols))["translations"]
    assert [row["space"] for row in found] == ["kernel"] * 3
    steps = [step for row in found for step in row["walk"]]
    assert len(steps) >= 6
    there = physical_bytes(dump, {step["at"] for step in steps})
    mask = (1 << 32) - 1 if dump.machine == "i386" else (1 << 64) - 1
    for step in steps:
        assert int(step["entry"], 16) & mask == there[step["at"]], step
    for row in found:
        size = 16384 if "16k" in dump.kernel else 4096
        tables = [int(step["at"], 16) & ~(size - 1) for step in row["walk"]]
        entries = [int(step["entry"], 16) & 0x0000fffffffff000 for step in row["walk"]]
        assert all(table & ~0x7ff == entry & ~0x7ff or dump.machine == "s390x" for table, entry in zip(tables[1:], entries))
        last = int(row["walk"][-1]["entry"], 16) & 0x0000ffffffffffff & ~(row["page_size"] - 1)
        assert last == int(row["physical"], 16) & ~(row["page_size"] - 1)
        assert int(row["virtual"], 16) % row["page_size"] == int(row["physical"], 16) % row["page_size"]


def test_physical_memory_is_the_virtual(dump):
    """What is there by its virtual address is there by its physical one, of a user, too."""
    row, = dump.json("kernel vtop linux_banner")["translations"]
    text = dump.gdb(f"kernel rd -a -p {row['physical']} 13", "kernel rd -a linux_banner 13")
    assert text.count("Linux version") == 2
    assert row["page"]["page"] == dump.json(f"kernel kmem -p {row['physical']}")["pages"][0]["page"]


def test_the_direct_map(dump):
    """A task's structure is in it: ptov of where it is, is where it is."""
    address = int(dump.python("import vmcore\nprint(vmcore.task(1).address)").split()[-1])
    row, = dump.json(f"kernel vtop {address:x}")["translations"]
    back, = dump.json(f"kernel ptov {row['physical']}")["addresses"]
    assert int(back["virtual"], 16) == address and back["page"] == row["page"]["page"]
    assert "is not in the kernel's direct map" in dump.gdb("kernel ptov ffffffffff000", status=1)


def test_users(dump):
    """init's code: the same bytes that gdb reads through the task's space; nothing is at its address 0."""
    maps = re.search(rb"@ 1 1 maps \d+\n(.*?)\n@ ", dump.oracle.read("tasks"), re.S)
    if not maps:
        pytest.skip("the set has no maps of its tasks")
    start = re.match(rb"([0-9a-f]+)-", maps[1])[1].decode()
    row, = dump.json(f"kernel vtop -c 1 -u {start}")["translations"]
    assert row["space"] == "user" and "lru" in row["page"]["flag_names"]
    word, = physical_bytes(dump, [row["physical"]]).values()
    size, order = 4 if dump.machine == "i386" else 8, "big" if dump.machine == "s390x" else "little"
    assert word.to_bytes(size, order)[:4] == b"\x7fELF"
    assert "is not mapped" in dump.gdb("kernel vtop -c 1 -u 0", status=1)
    assert "no task" in dump.gdb("kernel vtop -c 999999 0", status=1)


def test_entries(dump):
    """An entry that vtop shows, pte reads alike."""
    row, = dump.json("kernel vtop jiffies")["translations"]
    step = row["walk"][-1]
    text = dump.json(f"kernel pte {step['entry']} 0")["entries"]
    assert text[1]["physical"] in (None, "0")
    if row["page_size"] in (4096, 16384):
        assert text[0]["flags"] == step["flags"] and int(text[0]["physical"], 16) == int(row["physical"], 16) & ~(row["page_size"] - 1)
    assert "pte: zz is no hexadecimal number" in dump.gdb("kernel pte zz", status=1)
