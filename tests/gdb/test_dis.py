"""`kernel dis`: instructions as gdb has them of the same memory; where functions begin and end; code the dump lacks."""
import json
import re

import pytest

from conftest import TOP, run_gdb

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def ask(dump, *commands, vmcore=None, status=None):
    script = dump.gdb(*[word for c in commands for word in ("python print('\\n=command=')", c)], vmcore=vmcore, status=status)
    return [part.strip("\n") for part in script.split("=command=\n")[1:]]


def instructions(text):
    return json.loads(next(line for line in text.splitlines() if line.startswith("{")))["instructions"]


def test_functions(dump):
    """The whole function, its two parts, so many instructions: gdb's x/i, and the bytes that rd has there."""
    whole, ten, lines = ask(dump, "kernel dis -j schedule", "kernel dis -j schedule 10", "kernel dis -l schedule 5")
    whole = instructions(whole)
    start = int(whole[0]["address"], 16)
    assert whole[0]["symbol"] == "schedule" and whole[0]["offset"] == 0 and not any(i["from_file"] for i in whole)
    at = start
    for one in whole:
        assert int(one["address"], 16) == at and one["offset"] == at - start and one["symbol"] == "schedule"
        at += len(one["bytes"]) // 2
    (other,) = dump.json(f"kernel sym {at:x}")["symbols"]
    assert other["name"] != "schedule" or at - start == int(other["offset"])    # behind it is another one, or padding
    # (By its address: on arm64 DWARF has it begin behind ftrace's padding, the symbol before it.)
    (gdbs,) = ask(dump, f"x/12i {start:#x}")
    found = re.findall(r"0x([0-9a-f]+) <[^>]*>:\s+(.*)", gdbs)
    assert [(int(address, 16), re.sub(r"\s+", " ", text)) for address, text in found] == \
        [(int(i["address"], 16), re.sub(r"\s+", " ", i["instruction"])) for i in whole[:12]]
    assert [i["address"] for i in instructions(ten)] == [i["address"] for i in whole[:10]]
    assert re.search(r"  ; \S+:\d+ \w+$", lines, re.M)
    middle = whole[len(whole) // 2]
    before, after, last, one = map(instructions, ask(
        dump, f"kernel dis -j -r {middle['address'][2:]}", f"kernel dis -j -f schedule+{middle['offset']:#x}",
        f"kernel dis -j -r schedule+{middle['offset']} 2", f"kernel dis -j ({middle['address']})"))
    assert before[:-1] + after == whole and before[-1] == after[0] == middle and last == before[-2:] and one == [middle]
    raw = dump.json(f"kernel rd -8 {start:x} {at - start}")["memory"]
    assert "".join(row["bytes"] for row in raw) == "".join(i["bytes"] for i in whole)


def test_modules_and_tasks(dump):
    rig, user = ask(dump, "kernel dis -j rig_sleep_uninterruptible", "kernel dis -u -j 0 3", status=1)
    found = instructions(rig)
    assert found[0]["symbol"] == "rig_sleep_uninterruptible" and {i["module"] for i in found} == {"vmcore_rig"}
    text = dump.gdb("kernel dis", "kernel dis -r -f schedule", "kernel dis schedule+x", "kernel dis nonsense", "kernel dis -r 10",
                    "kernel dis -u -r 400000", "kernel dis schedule 0", status=1)
    for part in ("dis: which address?", "-r or -f, not both", "an offset is a number", '"nonsense" is neither', "is in no function",
                 "where functions begin and end", "COUNT is a number from 1"):
        assert part in text


def test_source_of_a_function(dump):
    """The rig's own: the lines of the file itself from the function's brace to its end; the mark is where gdb has the address."""
    lines = (TOP / "tests" / "rig" / "module" / "states.c").read_text().splitlines()
    (whole,) = map(json.loads, [next(line for line in part.splitlines() if line.startswith("{"))
                                for part in ask(dump, f"set vmcore source-path {TOP / 'tests' / 'rig' / 'module'}", "kernel dis -s -j rig_do_write")[1:]])
    first, last = whole["lines"][0]["line"], whole["lines"][-1]["line"]
    declared = next(i for i, line in enumerate(lines, 1) if re.match(r"static ssize_t rig_do_write\(", line))
    assert first in (declared, declared + 1) and whole["source"]["function"] == "rig_do_write" and whole["source"]["file"].endswith("states.c")
    assert [(one["line"], one["text"]) for one in whole["lines"]] == list(enumerate(lines[first - 1:last], first))
    end = declared + lines[declared - 1:].index("}")
    assert last in (end, end - 1)     # where the last line is inlined, or a jump, the brace has no code
    assert [one["line"] for one in whole["lines"] if one["here"]] == [whole["source"]["line"]] == [first]
    # Somewhere in it where nothing is inlined: gdb's line.
    code = "\n".join(["import gdb", "start = int(gdb.parse_and_eval('(long)rig_do_write')) & ((1 << 64) - 1 if gdb.lookup_type('long').sizeof == 8 else (1 << 32) - 1)", "for at in range(start, start + 2000):",
                      "    block = gdb.block_for_pc(at)", "    while block and not block.function: block = block.superblock",
                      "    sal = gdb.find_pc_line(at)",
                      f"    if block and block.function.name == 'rig_do_write' and {first} < sal.line < {last} and sal.pc == at and "
                      "sal.symtab.filename.endswith('states.c'): print('AT', hex(at)[2:], sal.line); break"])
    at, line = dump.python("import gdb\ngdb.execute('kernel mod -s vmcore_rig', to_string=True)\n" + code).split("AT ")[1].split()
    assert f"    LINE: {line}\n" in dump.gdb(f"kernel dis -s {at}") and re.search(rf"^ \* +{line}  ", dump.gdb(f"kernel dis -s {at}"), re.M)


def test_source_that_is_not_there_and_what_does_not_go_together(dump):
    text = dump.gdb("kernel dis -s schedule", status=1)
    assert "FILE: kernel/sched/core.c" in text and "set vmcore source-path" in text
    assert "-s shows the whole function's source" in dump.gdb("kernel dis -s -r schedule", status=1)


@pytest.mark.machine("amd64")
def test_bytes_behind_ud2(dump):
    """-b passes over so many, and goes on as if from there."""
    code = json.loads(next(line for line in dump.gdb("kernel dis -j __schedule").splitlines() if line.startswith("{")))["instructions"]
    ud2 = next((i for i in code if i["instruction"].startswith("ud2")), None)
    if not ud2:
        pytest.skip("none in it")
    at = int(ud2["address"], 16)
    one, two = ask(dump, f"kernel dis -j -b 5 {at:x} 2", f"kernel dis -j {at + 7:x}")
    assert instructions(one) == [ud2] + instructions(two)
