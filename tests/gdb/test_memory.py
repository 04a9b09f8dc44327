"""Memory: the dump's, as gdb reads it; and what a dump refuses."""
import re

import pytest
from conftest import pc_name

pytestmark = pytest.mark.once


def test_linux_banner(dump):
    assert f"Linux version {dump.info['release']}" in dump.gdb("printf \"%s\", linux_banner")


def test_symbols_are_where_the_guest_had_them(dump):
    """KASLR: /proc/kallsyms of the guest against gdb, for functions, data and per-CPU variables."""
    addresses = {}
    for line in dump.oracle.text("proc/kallsyms").splitlines():
        address, _, name, *module = line.split()
        if not module:
            addresses[name] = int(address, 16)
    names = ["schedule", "init_task", "jiffies", "runqueues", "do_syscall_64", "sys_call_table", "__per_cpu_offset"]
    out = dump.gdb(*[f"printf \"{n} %lx\\n\", (unsigned long)&{n}" for n in names])
    for name in names:
        got = int(re.search(rf"^{name} ([0-9a-f]+)$", out, re.M)[1], 16)
        assert got == addresses[name], name


def test_user_memory_through_the_tasks_own_tables(dump):
    """The role "memory" wrote "rig user page N" at a fixed address of its own."""
    pid, base = dump.pid("memory"), int(dump.info["memory.base"], 16)
    out = dump.gdb(f"thread {thread_of(dump, pid)}", f"x/s {base:#x}", f"x/s {base + 4096 * 100:#x}")
    assert "rig user page 0" in out
    assert "rig user page 100" in out
    other = dump.gdb(f"thread {thread_of(dump, 2)}", f"x/s {base:#x}")
    assert "rig user page" not in other


def thread_of(dump, pid):
    """gdb's number of the thread of a sleeping task."""
    return re.search(rf"^\*?\s+(\d+)\s.*\bpid {pid}\b", dump.gdb("info threads"), re.M)[1]


@pytest.mark.every_machine
def test_why_is_said_of_the_address_that_was_asked_for(dump):
    """gdb reads lines of 1024 bytes into its cache; that is nothing to a person."""
    # s390x has pages there, each CPU's own.
    base = 0x1200 if dump.machine != "s390x" else (1 << 63) - 0x10000
    out = dump.gdb(f"print *(int *) {base + 0x34:#x}", f"x/2wx {base + 0x68:#x}")
    assert re.findall(r"^(0x[0-9a-f]+) (?:is not|cannot)", out, re.M) == [f"{base + 0x34:#x}", f"{base + 0x68:#x}"], out


@pytest.mark.parametrize("address", ["0", "0xffffffffffffff00", "0x800000000000", "0xdead000000000100"])
def test_unmapped_memory_is_an_error_that_says_why(dump, address):
    out = dump.gdb(f"x/gx {address}", status=1)
    assert "Cannot access memory" in out or "not mapped" in out or "no page" in out
    assert re.search(r"not mapped|is not a kernel address: .* has no user memory|not canonical|is not a valid address: it has more than", out), out
    assert ":\t0x0000000000000000" not in out


def test_writes_and_calls_are_refused_and_the_session_goes_on(dump):
    out = dump.gdb("set var init_task.pid = 7", "print schedule()", "continue", "stepi", "run", "jump schedule",
                   f"set ${pc_name(dump)} = 0", "print init_task.pid", "info threads")
    assert "$1 = 0" in out or "$2 = 0" in out
    assert out.count("(CPU ") >= int(dump.info["smp"])
    assert re.search(r"crash dump", out)


def test_find_searches_the_dump(dump):
    out = dump.gdb("find /b &linux_banner, +64, 'L', 'i', 'n', 'u', 'x'")
    assert "1 pattern found" in out


def test_types_and_expressions(dump):
    # Through a number: gdb 18.1, without us too, takes 90 s of CPU time to find out whether the struct task_struct of 6.1's init_task.c is
    # the same as another file's (`set opaque-type-resolution off` ends that, but also what it is for).
    out = dump.gdb("print init_task.comm", "ptype struct list_head", "print/x sizeof(struct page)",
                   "print ((struct task_struct *)(long)&init_task)->tasks.next != 0")
    assert '"swapper' in out
    assert "struct list_head *next" in out
