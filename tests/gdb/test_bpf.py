"""kernel bpf: the rig's program (scenario "traced") as gdb reads it, by the name that the kernel gives its code; most sets have none."""
import re

import pytest

pytestmark = pytest.mark.every_machine

PROGRAM = """
program = gdb.Value(AT).cast(gdb.lookup_type("unsigned long")).cast(gdb.lookup_type("struct bpf_prog").pointer())
aux = program["aux"]
print(int(aux["id"]), "".join("%02x" % int(program["tag"][i]) for i in range(8)), int(program["len"]), int(program["jited_len"]), int(program["bpf_func"]),
      int(aux["used_map_cnt"]), int(aux["load_time"]), aux["name"].string(), program["type"])
"""


@pytest.mark.scenario("traced")
def test_program(dump):
    found = dump.json("kernel bpf")
    row, = found["programs"]
    words = dump.python(f"AT = {int(row['program'], 16)}\n" + PROGRAM).split()
    assert [row["id"], row["tag"], row["instructions"], row["jited_bytes"], int(row["function"], 16), row["nr_maps"], row["load_time_ns"], row["name"]] == \
        [int(words[0]), words[1], *map(int, words[2:7]), words[7]]
    assert words[8] == "BPF_PROG_TYPE_" + row["type"] and row["name"] == "rig" and not found["maps"]
    assert dump.json("kernel bpf -P 1") == {"programs": [row]} and dump.json("kernel bpf -p") == {"programs": [row]}


@pytest.mark.scenario("sysrq", "qemu")
def test_none(dump):
    assert dump.json("kernel bpf") == {"programs": [], "maps": []} and dump.json("kernel bpf -m") == {"maps": []}
    text = dump.gdb("kernel bpf 1", "kernel bpf -M 7", status=1)
    assert "bpf: 1? One is named by -P ID or -M ID" in text and re.search("bpf: of the maps none has the number 7", text)
