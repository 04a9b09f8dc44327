"""
Dumps compressed as files, and flattened streams that end early: what `target vmcore` makes of the real sets then is what it makes of
the dump itself.
"""
import gzip
import json
import os
import re
import shutil
import struct
import subprocess

import pytest

from conftest import run_gdb

TOOLS = {"gz": ["gzip", "-1"], "zst": ["zstd", "-1", "-q"], "lz4": ["lz4", "-1", "-q"]}


def one_kernel(dump):
    if dump.kernel != "6.1":
        pytest.skip("one kernel's memory is as good as another's")


def compress(tool, source, target):
    with open(target, "wb") as out:
        subprocess.run([*TOOLS[tool], "-c", source], stdout=out, check=True)


def answers(dump, path, env):
    """What the kernel commands say, without the opening lines."""
    output = run_gdb(dump.vmlinux, path, ["python print('=begin=')", "kernel ps", "kernel bt -a"], 0, env=env)
    return output.split("=begin=\n", 1)[1]


@pytest.mark.scenario("sysrq")
@pytest.mark.parametrize("tool", TOOLS)
def test_compressed(dump, tool, tmp_path):
    """Unpacked once, where one wants it, and found again."""
    one_kernel(dump)
    packed = tmp_path / "dump"     # no suffix: the bytes tell
    compress(tool, dump.vmcore, packed)
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert answers(dump, packed, env) == answers(dump, dump.vmcore, env)
    unpacked = list((tmp_path / "cache" / "gdb-vmcore" / "unpacked").iterdir())
    assert len(unpacked) == 1
    assert subprocess.run(["cmp", unpacked[0], dump.vmcore]).returncode == 0
    before = unpacked[0].stat()
    output = run_gdb(dump.vmlinux, packed, ["kernel dump"], 0, env=env)
    assert "was unpacked to" not in output
    assert re.search(rf"{packed}  (gzip|zstd|lz4), unpacked to {re.escape(str(unpacked[0]))}", output), output
    assert unpacked[0].stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.scenario("sysrq")
def test_unpack_directory(dump, tmp_path):
    one_kernel(dump)
    packed, directory = tmp_path / "vmcore.zst", tmp_path / "far" / "away"
    compress("zst", dump.vmcore, packed)
    output = run_gdb(dump.vmlinux, dump.vmcore, [f"set vmcore unpack-dir {directory}", f"target vmcore {packed}", "kernel ps 1"], 0,
                     env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert f"{packed} was unpacked to {directory}/vmcore-" in output
    assert len(list(directory.iterdir())) == 1


@pytest.mark.scenario("sysrq")
def test_no_room(dump, tmp_path):
    """Said before the work, with what to do."""
    one_kernel(dump)
    packed, directory = tmp_path / "vmcore.zst", tmp_path / "small"
    compress("zst", dump.vmcore, packed)
    directory.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", directory], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        output = run_gdb(dump.vmlinux, dump.vmcore, [f"set vmcore unpack-dir {directory}", f"target vmcore {packed}"], 1)
    finally:
        subprocess.run(["umount", directory], check=True)
    assert "there is no room in" in output and "set vmcore unpack-dir" in output


def bgzf(source, target):
    """SOURCE in members of 60000 bytes that say how long they are."""
    with open(source, "rb") as file, open(target, "wb") as out:
        while True:
            piece = file.read(60000)
            member = gzip.compress(piece, 1)
            out.write(member[:3] + b"\4" + member[4:10] + struct.pack("<H2sHH", 6, b"BC", 2, len(member) + 8 - 1) + member[10:])
            if not piece:
                return


@pytest.mark.scenario("sysrq")
def test_blocks(dump, tmp_path):
    """Read as it is: nothing is unpacked."""
    one_kernel(dump)
    packed = tmp_path / "vmcore.gz"
    bgzf(dump.vmcore, packed)
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert answers(dump, packed, env) == answers(dump, dump.vmcore, env)
    assert not (tmp_path / "cache" / "gdb-vmcore" / "unpacked").exists()


@pytest.mark.scenario("sysrq")
def test_cut_stream(dump, tmp_path):
    """A flattened dump without its last percent: all that is before that is there, also the bitmap's odd end."""
    one_kernel(dump)
    flat, cut = dump.in_format("flat")[0], tmp_path / "cut.flat"
    size = os.stat(flat).st_size * 99 // 100
    with open(flat, "rb") as source, open(cut, "wb") as target:
        shutil.copyfileobj(source, target)
    os.truncate(cut, size)
    output = run_gdb(dump.vmlinux, cut, ["kernel dump"], 0)
    # It is the guest's choice whether the last percent has a task's page: the line at opening says so, and ps with its status.
    output += run_gdb(dump.vmlinux, cut, ["kernel ps"], 1 if "the list breaks off" in output else 0)
    assert "open as physical memory only" not in output
    tasks = run_gdb(dump.vmlinux, dump.vmcore, ["kernel ps"], 0)
    lines = [line for line in tasks.splitlines() if re.match(r"[> ] +\d+ +\d+ ", line)]
    # What the last percent had is lost, and no more than that.
    assert len(lines) > 100 and sum(line in output for line in lines) > 0.95 * len(lines), output
    assert "without its end mark" in output
    assert re.search(r"LOST: [1-9]", output)
    assert int(re.search(r"EXCLUDED: (\d+)", output)[1]) == int(re.search(r"EXCLUDED: (\d+)", run_gdb(
        dump.vmlinux, flat, ["kernel dump"], 0))[1])


@pytest.mark.scenario("sysrq")
def test_cut_elf_stream(dump, tmp_path):
    """A flattened ELF: its program headers come last. Cut before them, its notes are left: every CPU with its registers; of memory it says
    that the stream was cut, and nothing is made up."""
    one_kernel(dump)
    flat, cut = tmp_path / "elf.flat", tmp_path / "cut.flat"
    with open(flat, "wb") as out:
        subprocess.run(["makedumpfile", "-F", "-E", "-d", "31", dump.directory / "vmcore.elf"], stdout=out, stderr=subprocess.DEVNULL, check=True)
    shutil.copy(flat, cut)
    os.truncate(cut, os.stat(flat).st_size * 99 // 100)
    output = run_gdb(dump.vmlinux, cut, ["kernel bt -a -j", "kernel dump", "kernel rd linux_banner", "kernel sys"])
    assert "open as physical memory only" not in output
    assert "the stream ends before its program headers" in output and "TRUNCATED" in output
    assert re.search(r"cut\.flat is truncated: where it has physical address 0x[0-9a-f]+, if it does, stood at its end", output)
    tasks = json.loads(next(line for line in output.splitlines() if line.startswith("{")))["tasks"]
    for cpu in range(int(dump.info["smp"])):
        note = dump.cpu_note(cpu)
        registers, = [t["registers"] for t in tasks if t["cpu"] == cpu]
        assert (int(registers["rip"], 16), int(registers["rsp"], 16)) == (note["rip"], note["rsp"])
    # All pages are there, only the end mark is not.
    os.truncate(flat, os.stat(flat).st_size - 16)
    assert run_gdb(dump.vmlinux, flat, ["kernel ps"], 0) .count(" init\n") == 1


def text_of(data):
    """Where VMCOREINFO is in the first megabyte of a dump, and the text."""
    start = data.index(b"OSRELEASE=")
    return start, data[start:data.index(b"\0", start)]


def of_another_boot(text, delta=0x2000000):
    """VMCOREINFO as if KASLR had chosen other places, no byte longer or shorter."""
    offset = int(re.search(rb"KERNELOFFSET=([0-9a-f]+)", text)[1], 16)
    if len(f"{offset + delta:x}") > len(f"{offset:x}"):
        delta = -delta
    def move(match):
        value = int(match[2], 16)
        return match[1] + (b"%x" % (value + delta)) if value >= 0xffffffff80000000 else match[0]
    moved = re.sub(rb"(SYMBOL\(\w+\)=)([0-9a-f]+)", move, text)
    moved = re.sub(rb"(NUMBER\(phys_base\)=)(-?\d+)", lambda m: m[1] + (b"%d" % (int(m[2]) + delta)).rjust(len(m[2]), b"0")[:len(m[2])], moved)
    moved = re.sub(rb"(KERNELOFFSET=)([0-9a-f]+)", lambda m: m[1] + (b"%x" % (int(m[2], 16) + delta)).rjust(len(m[2]), b"0"), moved)
    assert len(moved) == len(text) and moved != text
    return moved


@pytest.mark.scenario("sysrq")
@pytest.mark.parametrize("own", [False, True])
def test_note_of_another_boot(dump, own, tmp_path):
    """The note in the file is wrong; the one in memory is right, and used."""
    copy = tmp_path / "vmcore"
    shutil.copyfile(dump.vmcore, copy)
    with open(copy, "r+b") as file:
        start, text = text_of(file.read(1 << 20))
        file.seek(start)
        file.write(of_another_boot(text))
    commands = ["kernel dump", "kernel ps 1", "kernel bt"]
    output = run_gdb(None if own else dump.vmlinux, copy, ["set vmcore symbols dump", f"target vmcore {copy}", *commands] if own else commands, 0)
    assert re.search(r"VMCOREINFO: \d+ bytes, found in memory", output), output
    assert "warning: memory contradicts the VMCOREINFO in the file's notes" in output
    assert "DOUBT: memory contradicts" in output
    assert "sysrq_handle_crash" in output and "COMMAND: \"init\"" in output


@pytest.mark.scenario("sysrq")
def test_no_right_note(dump, tmp_path):
    """None of them is right: the kernel is looked for, and the note corrected."""
    one_kernel(dump)
    copy = tmp_path / "vmcore.elf"
    shutil.copyfile(dump.in_format("elf")[0], copy)
    subprocess.run(["chmod", "u+w", copy], check=True)
    with open(copy, "r+b") as file:
        data = file.read()
        start, text = text_of(data)
        moved, at = of_another_boot(text), start
        while at >= 0:
            file.seek(at)
            if at == start:
                file.write(moved)
            else:   # whole, or as it was while the kernel wrote it
                file.write(b"\0" * (data.index(b"\0", at) - at))
            at = data.find(text[:200], at + 1)
    del data
    output = run_gdb(dump.vmlinux, copy, ["kernel dump", "kernel ps 1", "kernel bt"], 0)
    assert re.search(r"VMCOREINFO: \d+ bytes, in the file's notes, corrected", output), output
    assert "sysrq_handle_crash" in output
