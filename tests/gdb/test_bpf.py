"""kernel bpf: the rig's programs and map as gdb reads them, and as /proc/PID/fdinfo had them."""
import re

import pytest

pytestmark = pytest.mark.every_machine

PROGRAM = """
program = gdb.Value(AT).cast(gdb.lookup_type("unsigned long")).cast(gdb.lookup_type("struct bpf_prog").pointer())
aux = program["aux"]
print(int(aux["id"]), "".join("%02x" % int(program["tag"][i]) for i in range(8)), int(program["len"]), int(program["jited_len"]), int(program["bpf_func"]),
      int(aux["used_map_cnt"]), int(aux["load_time"]), aux["name"].string(), program["type"])
"""


@pytest.mark.scenario("sysrq", "qemu", "traced")
def test_programs(dump):
    """The role's filter, everywhere; the program that is attached to a callback in the scenario "traced"."""
    found = dump.json("kernel bpf -p")["programs"]
    assert [row["name"] for row in found] == (["rig_filter", "rig"] if dump.scenario == "traced" else ["rig_filter"])
    for row in found:
        words = dump.python(f"AT = {int(row['program'], 16)}\n" + PROGRAM).split()
        assert [row["id"], row["tag"], row["instructions"], row["jited_bytes"], int(row["function"], 16), row["nr_maps"], row["load_time_ns"], row["name"]] == \
            [int(words[0]), words[1], *map(int, words[2:7]), words[7]]
        assert words[8] == "BPF_PROG_TYPE_" + row["type"] and row["nr_maps"] == (row["name"] == "rig_filter")
        assert dump.json(f"kernel bpf -P {row['id']}") == {"programs": [row]}


def fdinfo(dump, kind):
    """What /proc/PID/fdinfo/N of the role's map or program said."""
    files = dump.oracle.tasks[dump.pid("bpf")].files
    text, = (text.decode() for name, text in files.items() if name.startswith("fdinfo/") and f"{kind}_id:".encode() in text)
    return dict(re.findall(r"^(\w+):\t(.*)$", text, re.M))


@pytest.mark.scenario("sysrq", "qemu")
def test_they_are_the_records(dump):
    """(The numbers of types are those of the kernel's own lists: bpf_map_type, bpf_prog_type.)"""
    found = dump.json("kernel bpf")
    (program,), (map,) = found["programs"], found["maps"]
    was = fdinfo(dump, "map")
    assert [str(map[key]) for key in ("id", "key_bytes", "value_bytes", "max_entries")] == [was[key] for key in ("map_id", "key_size", "value_size", "max_entries")]
    assert int(was["map_flags"], 16) == map["flags"] and was["map_type"] == "1" and (map["type"], map["name"]) == ("HASH", "rig_map")
    was = fdinfo(dump, "prog")
    assert (str(program["id"]), program["tag"], was["prog_type"], program["type"]) == (was["prog_id"], was["prog_tag"], "1", "SOCKET_FILTER")


@pytest.mark.scenario("sysrq", "qemu")
def test_words(dump):
    text = dump.gdb("kernel bpf 1", "kernel bpf -M 7", status=1)
    assert "bpf: 1? One is named by -P ID or -M ID" in text and re.search("bpf: of the maps none has the number 7", text)
