"""
VMCOREINFO that is wrong, or says two things: what memory says decides, and it is said what was used.

What is right is the dump as it was, whose answers other tests hold against the guest.
"""
import functools
import json
import re

import pytest

from conftest import run_gdb
from images import notes
from pokes import Poked

pytestmark = [pytest.mark.every_machine, pytest.mark.once, pytest.mark.scenario("sysrq", "qemu")]

WRONG = {"KERNELOFFSET": "12345000", "NUMBER(phys_base)": "12345000", "SYMBOL(swapper_pg_dir)": "ffffffff93455000",
         "SYMBOL(init_uts_ns)": "ffffffff93456780", "OSRELEASE": "5.5.5-other", "BUILD-ID": "0123456789abcdef0123456789abcdef01234567",
         "NUMBER(kimage_voffset)": "0xffff123440000000", "KERNELOFFPHYS": "12345000", "SYMBOL(prb)": "12345000"}


def answers(dump, path):
    output = run_gdb(dump.vmlinux, path, ["kernel sys -j", "kernel ps -j", "kernel bt -a -j", "kernel mod -j"])
    found = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert len(found) == 4, output
    system, tasks, stacks, modules = found
    system["system"].pop("dumpfile")
    return output, (system["system"], {t["task"]: t for t in tasks["tasks"]}, [[f["pc"] for f in row["frames"]] for row in stacks["tasks"]],
                    [m["address"] for m in modules["modules"]])


@functools.lru_cache(maxsize=2)
def right(dump):
    with Poked(dump) as copy:
        return answers(dump, copy.path)[1]


def changed(dump, change):
    with Poked(dump) as copy:
        given = notes(copy.path)
        if not any(name == "VMCOREINFO" for name, _, _ in given):
            pytest.skip("QEMU wrote no VMCOREINFO")
        copy.set_notes([(name, kind, change(data) if name == "VMCOREINFO" else data) for name, kind, data in given])
        return answers(dump, copy.save())


def keys(dump):
    with Poked(dump) as copy:
        return [key for key in WRONG if key in copy.info]


def test_ends_of_lines(dump):
    output, found = changed(dump, lambda text: text.replace(b"\n", b"\r\n"))
    assert found == right(dump) and "warning" not in output


def test_lines_that_contradict_each_other(dump):
    """The wrong one first, and the wrong one last."""
    right(dump)
    for key in keys(dump):
        wrong = f"{key}={WRONG[key]}\n".encode()
        for change in (lambda text: text.replace(b"\n", b"\n" + wrong, 1) if key != "OSRELEASE" else wrong + text, lambda text: text + wrong):
            output, found = changed(dump, change)
            assert found == right(dump), (key, output)
            assert f"VMCOREINFO contradicts itself: it has {key} more than once" in output


def test_another_boots(dump):
    """One line is another boot's, or all are: the text in memory is taken, or what fits of this one."""
    right(dump)
    chosen = [key for key in keys(dump) if key not in ("BUILD-ID", "SYMBOL(prb)")]
    for some in [[key] for key in chosen] + [chosen]:
        def change(text):
            for key in some:
                text = re.sub(re.escape(key).encode() + rb"=.*", f"{key}={WRONG[key]}".encode(), text)
            return text
        output, found = changed(dump, change)
        assert found == right(dump), (some, output)
        # Where init_uts_ns leads nowhere nothing is asked of it, and nothing follows from it.
        assert "memory contradicts" in output or some == ["SYMBOL(init_uts_ns)"], (some, output)


def test_tables_of_another_boot(dump):
    """An address that could be right, with memory that is no page table."""
    right(dump)

    def change(text):
        return re.sub(rb"(SYMBOL\(swapper_pg_dir\)=)([0-9a-f]+)", lambda line: line[1] + b"%x" % (int(line[2], 16) - (8 << 20)), text)
    output, found = changed(dump, change)
    assert found == right(dump), output
