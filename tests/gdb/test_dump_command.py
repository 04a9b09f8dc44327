"""`kernel dump` on files with no dump open, raw memory taken out of an ELF dump, `kernel search` against a plain search of the file."""
import json
import mmap
import os
import re
import subprocess

import pytest

from conftest import TOP
from images import segments

BUILD = TOP / "build"


def bare_gdb(*commands):
    """gdb with the plugin, no vmlinux and no dump."""
    os.environ["GDB_VMCORE_PLUGIN_DIR"] = str(BUILD / ".libs")
    arguments = ["gdb", "-nx", "-batch", "-ix", str(BUILD / "scripts" / "vmcore.gdb")]
    for command in commands:
        arguments += ["-ex", command]
    result = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=300)
    assert result.returncode >= 0, result.stdout
    return result.stdout.decode(errors="backslashreplace")


def elf_of(dump):
    path = dump.directory / "vmcore.qemu-elf"
    if not path.exists():
        pytest.skip("no ELF dump in this set")
    return path


@pytest.fixture(scope="module")
def raw_files(tmp_path_factory):
    """A function that gives the RAM of an ELF dump as FILE@ADDRESS,..., in files of 256 MiB at most."""
    directory = tmp_path_factory.mktemp("raw")

    def make(elf):
        words = []
        with open(elf, "rb") as file:
            for offset, address, size in segments(elf):
                for at in range(0, size, 256 << 20):
                    length = min(256 << 20, size - at)
                    path = directory / f"ram.{address + at:x}"
                    file.seek(offset + at)
                    path.write_bytes(file.read(length))
                    words.append(f"{path}@{address + at:x}")
        return ",".join(reversed(words))
    yield make
    for path in directory.iterdir():
        path.unlink()


def test_dump_needs_no_vmlinux(dump):
    out = bare_gdb(f"kernel dump {dump.vmcore}", f"kernel dump -j {dump.vmcore}")
    assert f"RELEASE: {dump.info['release']}" in out
    data = json.loads(out[out.index('{"dump"'):].splitlines()[0])
    head = data["dump"]
    assert head["cpus"] == 4
    assert head["pages"] == head["pages_present"] + head["pages_excluded"]
    assert head["pages_lost"] == 0
    assert data["files"][0]["bytes"] == os.path.getsize(dump.vmcore)
    assert sum(r["bytes"] for r in data["memory"] if r["kind"] == "memory") == head["memory_bytes"]
    assert [n["name"] for n in data["elf_notes"]].count("CORE") == 4


def test_dump_shows_the_open_one(dump):
    out = dump.gdb("kernel dump -v")
    assert f"\nOSRELEASE={dump.info['release']}" in out


def test_truncated(dump, tmp_path):
    part = tmp_path / "part"
    with open(dump.vmcore, "rb") as file:
        part.write_bytes(file.read(os.path.getsize(dump.vmcore) * 6 // 10))
    out = bare_gdb(f"kernel dump {part}")
    assert "truncated" in out
    assert ", the first at physical address 0x" in out


def test_dump_refuses_what_is_none():
    out = bare_gdb("kernel dump", "kernel dump /bin/true", "kernel dump /nonexistent@0", "print 6*7")
    assert "no kernel dump is open" in out and "/bin/true" in out and "/nonexistent" in out and "$1 = 42" in out


@pytest.mark.scenario("qemu", "qemu-bare", "qemu-panic")
def test_raw_memory_is_as_good_as_elf(dump, raw_files):
    elf = elf_of(dump)
    commands = ("python print('=begin=')", "kernel ps", "kernel log", "kernel bt 1", "kernel bt 2")
    expected = dump.gdb(*commands, vmcore=elf).split("=begin=\n", 1)[1]
    got = dump.gdb(*commands, vmcore=raw_files(elf)).split("=begin=\n", 1)[1]
    assert len(expected) > 1000
    assert got == expected


@pytest.mark.scenario("qemu", "qemu-bare", "qemu-panic")
def test_search_finds_what_is_in_the_file(dump):
    elf = elf_of(dump)
    text = b"Linux version " + dump.info["release"].encode()
    found = []
    with open(elf, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        for offset, address, size in segments(elf):
            at = memory.find(text, offset, offset + size)
            while at >= 0:
                found.append(address + at - offset)
                at = memory.find(text, at + 1, offset + size)
    assert found
    hits = dump.json(f"kernel search -p -c \"{text.decode()}\"")["hits"]
    assert [int(hit["address"], 16) for hit in hits] == sorted(found)


def test_search_finds_symbols(dump):
    out = dump.gdb("printf \"banner=%lx\\n\", &linux_banner", "kernel search -s linux_banner -l 64 -c \"Linux version\"",
                   "kernel search -s init_task -l 10000 init_task")
    banner = out.split("banner=")[1].split()[0]
    assert f"{banner}: Linux version {dump.info['release']}" in out
    assert "<init_task+0x" in out


STACKS = """
import gdb, vmcore
size = int(gdb.parse_and_eval("sizeof(init_stack)"))
for task in vmcore.tasks():
    stack = int(task.value["stack"])
    if not stack:       # it has exited
        continue
    data = vmcore.read(stack, size)
    for at in range(0, size, 8):
        if data[at:at + 8] == (VALUE).to_bytes(8, "little"):
            print(task.pid, hex(stack + at))
"""


def test_search_stacks(dump):
    """A return address that is on the stack of every task that sleeps so, held against stacks as gdb reads them."""
    value = int(dump.json(f"kernel bt {dump.pid('futex')}")["tasks"][0]["frames"][1]["pc"], 16)
    lines = dump.python(STACKS.replace("VALUE", str(value))).splitlines()
    expected = sorted((int(pid), int(address, 16)) for pid, address in map(str.split, lines))
    hits = dump.json(f"kernel search -t {value:x}")["hits"]
    assert len(expected) > 10 and sorted((hit["pid"], int(hit["address"], 16)) for hit in hits) == expected


MAGIC = 0x1122334455667788    # rig.h, RIG_MAGIC


def hits_of(dump, command):
    return [int(hit["address"], 16) for hit in dump.json(command)["hits"]]


@pytest.mark.scenario("qemu", "qemu-bare", "qemu-panic")
@pytest.mark.parametrize("option, size", [("", 8), ("-w ", 4), ("-h ", 2)])
def test_search_values_against_the_file(dump, option, size):
    elf = elf_of(dump)
    value, found = MAGIC >> 8 * (8 - size), set()
    with open(elf, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        for offset, address, length in segments(elf):
            at = memory.find(value.to_bytes(size, "little"), offset, offset + length)
            while at >= 0:
                if (address + at - offset) % size == 0:
                    found.add(address + at - offset)
                at = memory.find(value.to_bytes(size, "little"), at + 1, offset + length)
    assert found
    assert hits_of(dump, f"kernel search -p {option}{value:x}") == sorted(found)


def test_search_spaces(dump):
    """The linear mapping and the image, and all the rest: a module's data is in the rest, so are stacks out of vmalloc."""
    everything, linear, rest = (hits_of(dump, f"kernel search -{option} {MAGIC:x}") for option in "kKV")
    assert everything == sorted(linear + rest) and linear
    assert not set(linear) & set(rest)
    stacks, running = hits_of(dump, f"kernel search -t {MAGIC:x}"), hits_of(dump, f"kernel search -T {MAGIC:x}")
    assert set(running) <= set(stacks) <= set(rest)
    # Which pages held it is the guest's luck: of those that were the kernel's for its start alone gdb's x shows nothing, rd does.
    out = dump.gdb("print/x (unsigned long)&init_task", *(f"x/gx 0x{address:x}" for address in everything))
    refused = [address for address in everything if f"0x{address:x} has nothing of what was linked there" in out]
    shown = dump.gdb(*(f"kernel rd {address:x}" for address in refused))
    assert out.count(f"0x{MAGIC:016x}") == len(everything) - len(refused), out
    assert len(re.findall(rf"^[0-9a-f]+: +{MAGIC:016x}", shown, re.M)) == len(refused), shown
    init_task = int(re.search(r"\$1 = (0x[0-9a-f]+)", out)[1], 16)
    # Some list's next and prev in init_task itself point back at it, so the image has its address.
    in_image = hits_of(dump, f"kernel search -K -s {init_task:x} -l 8000 -m ffff {init_task:x}")
    assert in_image and hits_of(dump, f"kernel search -V -s {init_task:x} -l 8000 -m ffff {init_task:x}") == []


def test_find_from_afar(dump):
    """gdb's find begins in small pieces and goes on with threads: both must see the same memory as search."""
    banner = f"Linux version {dump.info['release']}"
    image = int(dump.gdb('printf "at=%lx\\n", &linux_banner').split("at=")[1].split()[0], 16)
    for before in 0x1000, 0x40000, 0x123456, 0x800000:
        start = image - before
        expected = [hit for hit in hits_of(dump, f'kernel search -s {start:x} -e {image + 0x40000:x} -c "{banner}"')]
        out = dump.gdb("set vmcore zero-excluded on", f"find 0x{start:x}, 0x{image + 0x40000 - 1:x}, {{char[{len(banner)}]}}{image:#x}")
        assert [int(at, 16) for at in re.findall(r"^(0x[0-9a-f]+)", out, re.M)] == expected and image in expected, out
