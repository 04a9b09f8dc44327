"""`kernel whatis`: what gdb says of the same type, and its own sizes of all structures that a search finds."""
import json
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def test_types_are_gdbs(dump):
    commands = ["whatis init_task.mm", "whatis jiffies", "ptype pid_t", "ptype enum pid_type", "whatis schedule"]
    script = dump.gdb(*[word for c in commands for word in
                        # (in C, whatever frame is selected: s390x's idle task is in assembly)
                        ("python print('=gdb=')", f"with language c -- {c}", "python print('=ours=')", "kernel whatis " + re.sub(r"^\w+ ", "", c))])
    for part in script.split("=gdb=\n")[1:]:
        gdbs, ours = part.replace("Warning: the current language does not match this frame.\n", "").split("=ours=\n")
        assert gdbs.removeprefix("type = ").strip() == ours.strip()


def test_of_all_structures(dump):
    """gdb's size of each; that the member is there; nothing is left out that is known to be."""
    if dump.machine in ("i386", "s390x"):
        return      # Debian's have no BTF there: test_errors
    text = dump.gdb("kernel whatis -j -r 4000-5000", "kernel whatis -j -r 100-200 -m list_head", "kernel whatis -j -m mm_struct")
    ranged, both, members = [json.loads(line)["found"] for line in text.splitlines() if line.startswith("{")]
    assert ranged == sorted(ranged, key=lambda f: (f["size"], f["type"].startswith("union"), f["type"].split()[1]))
    assert all(4000 <= f["size"] <= 5000 for f in ranged) and all(100 <= f["size"] <= 200 for f in both)
    names = {f["type"] for f in members}
    assert {"struct task_struct", "struct vm_area_struct"} <= names and "struct list_head" not in names
    assert {"struct super_block", "struct page"} & {f["type"] for f in dump.json("kernel whatis -m list_head")["found"]}
    # Two files may have structures of one name: gdb gives one of them.
    some = [f for f in (ranged + both) if f["size"] % 8 == 0][:25]
    sizes = dump.python("\n".join(f"print({f['type']!r}, gdb.lookup_type({f['type']!r}).sizeof)" for f in some))
    said = dict(line.rsplit(" ", 1) for line in sizes.splitlines())
    assert sum(int(said[f["type"]]) == f["size"] for f in some) >= len(some) - 2 and len(some) == 25


def test_errors(dump):
    text = dump.gdb("kernel whatis", "kernel whatis -r 5-3", "kernel whatis -r x", "kernel whatis -r 16 page", "kernel whatis no such thing",
                    "kernel whatis -r 4096", status=1)
    for part in ("whatis: what?", '-r wants SIZE or SIZE-SIZE in bytes, not "5-3"', 'not "x"', "no NAME goes with them", "whatis: "):
        assert part in text
    assert ("cannot list its types" in text) == (dump.machine in ("i386", "s390x"))
