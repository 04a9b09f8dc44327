"""
Kernels without ORC (before 4.14, or built with another unwinder): a real dump whose vmlinux has forgotten its own.

.debug_frame, what the machine says of entry code, and the places where C switches stacks then have to lead to the same stacks as
ORC, which other tests hold against the guest's record.
"""
import mmap
import shutil

import pytest

from conftest import run_gdb

pytestmark = pytest.mark.scenario("sysrq", "oops", "nmi")

NAMES = (b".orc_unwind", b".orc_unwind_ip", b"__start_orc_unwind", b"__start_orc_unwind_ip")


@pytest.fixture
def without_orc(dump, tmp_path):
    """A copy of vmlinux in which nothing is called ORC any more."""
    path = tmp_path / "vmlinux"
    shutil.copyfile(dump.vmlinux, path)
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        for name in NAMES:
            at = data.find(b"\0" + name + b"\0")
            assert at >= 0, name
            while at >= 0:
                data[at + 1:at + 1 + len(name)] = name.replace(b"orc", b"xrc")
                at = data.find(b"\0" + name + b"\0", at)
    yield path
    path.unlink()


def test_stacks_are_those_of_orc(dump, without_orc, tmp_path):
    commands = ("kernel bt -a", "kernel bt -A")
    found = run_gdb(without_orc, dump.vmcore, commands, env={"XDG_CACHE_HOME": str(tmp_path)})
    wanted = dump.gdb(*commands)
    assert "asm_" in wanted
    assert found.splitlines() == wanted.splitlines()
