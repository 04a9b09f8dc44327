"""
The same memory in every container: the plugin reads the same bytes out of each, the kernel in it answers the same, and what was left
out of a dump is said to be excluded. What the ELF dump holds, read here with plain file reads, is the truth.
"""
import hashlib
import re
import subprocess

import pytest

import images
from conftest import TOP, run_gdb

FORMATS = ["elf", "lzo", "zlib", "snappy", "zstd", "raw", "flat", "flat-elf", "split"]


def elf_of(dump):
    return dump.directory / ("vmcore.elf" if (dump.directory / "vmcore.elf").exists() else "vmcore.qemu-elf")


def whole_pages(path):
    """(file offset, address, size) of the memory that is whole pages."""
    result = []
    for offset, address, size in images.segments(path):
        start = -address % images.PAGE
        size -= start
        if size >= images.PAGE:
            result.append((offset + start, address + start, size // images.PAGE * images.PAGE))
    return result


def digests_of_elf(path):
    digests = []
    with open(path, "rb") as file:
        for offset, _, size in whole_pages(path):
            digest = hashlib.blake2b()
            file.seek(offset)
            while size:
                piece = file.read(min(size, 1 << 22))
                digest.update(piece)
                size -= len(piece)
            digests.append(digest.hexdigest())
    return digests


def read_all(dump, words, ranges, directory, *before):
    """The digests of RANGES as `rd -p -r` reads them from the dump that WORDS name."""
    commands = list(before)
    for number, (_, address, size) in enumerate(ranges):
        commands.append(f"kernel rd -p -r {directory}/{number} {address:x} {size}")
    output = run_gdb(dump.vmlinux, words, commands)
    digests = []
    for number in range(len(ranges)):
        path = directory / str(number)
        with open(path, "rb") as file:
            digests.append(hashlib.file_digest(file, "blake2b").hexdigest())
        path.unlink()
    return digests, output


@pytest.mark.scenario("sysrq")
@pytest.mark.parametrize("name", FORMATS)
def test_same_bytes(dump, name, tmp_path):
    if dump.kernel != "6.1" and name not in ("elf", "lzo", "split"):
        pytest.skip("one kernel's memory is as good as another's")
    elf = elf_of(dump)
    ranges = whole_pages(elf)
    paths = dump.in_format(name)
    # Level 1 leaves out pages of zeros; here they are to read as what they were.
    if len(paths) > 1:
        paths = [paths[2], paths[0], paths[1]]
    command = f"target vmcore {' '.join(paths)}"
    digests, output = read_all(dump, elf, ranges, tmp_path, "set vmcore zero-excluded on", command)
    assert digests == digests_of_elf(elf), output


@pytest.mark.scenario("sysrq")
def test_a_part_is_missing(dump):
    """Two of three parts: the kernel opens as far as it can, and what is in the third is said to be there."""
    parts = dump.in_format("split")
    output = run_gdb(dump.vmlinux, parts[0], [f"target vmcore {parts[2]} {parts[0]}", "kernel dump"])
    assert "parts of the split set are missing" in output
    assert re.search(r"LOST: \d+, the first at", output)


@pytest.mark.scenario("sysrq")
def test_parts_as_one_argument(dump):
    """With commas between them, as the launcher takes them."""
    output = run_gdb(dump.vmlinux, ",".join(dump.in_format("split")), ["python print('=begin=')", "kernel dump"], 0)
    assert "parts of the split set are missing" not in output
    assert all(f"vmcore.split{n}" in output.split("=begin=")[1] for n in (1, 2, 3))
    assert "cannot read the dump nothing" in run_gdb(dump.vmlinux, f"{dump.vmcore},nothing", [], 2)


def without_opening(output):
    """The lines from ps's head on: those before name the file. (What is said of a task's lost parts goes, too.)"""
    return [line for line in re.split(r"PID +PPID", output)[1].splitlines() if not re.match(r"note: of (PID \d+|\d+ tasks) ", line)]


@pytest.mark.scenario("sysrq")
def test_excluded_is_said(dump):
    """makedumpfile -d 31: free and user pages are gone, the kernel's are there, and reading the others says why they cannot be."""
    level31 = dump.in_format("d31")[0]
    whole = dump.gdb("kernel ps", "kernel bt -a", "kernel log -m")
    output = run_gdb(dump.vmlinux, level31, ["kernel ps", "kernel bt -a", "kernel log -m"])
    # What makedumpfile took for free (an older one on a newer kernel is wrong about some pages) is unknown, and proven to be missing.
    lost = []
    for ours, theirs in zip(without_opening(output), without_opening(whole), strict=True):
        if ours != theirs:
            assert re.sub(r" +-" * 3, "", ours) == re.sub(r" +[\d.]+ +\d+ +\d+(?=  \S+$)", "", theirs)
            lost.append(int(ours.split()[3], 16))
    for task in lost:
        text = run_gdb(dump.vmlinux, level31, [f"print/x *((struct task_struct *) {task:#x})->mm"])
        assert "was excluded from the dump" in text, (hex(task), text)
    holes = [int(address, 16) for address in re.findall(r"^([0-9a-f]{16})  [0-9a-f]{16}.*memory$",
                                                        run_gdb(dump.vmlinux, level31, ["kernel dump"]), re.M)]
    assert holes
    init = run_gdb(dump.vmlinux, level31, ["python print('=begin=')", f"kernel rd -u (0x400000)"]).split("=begin=")[1]
    assert re.search(r"is a user address and no task|excluded from the dump", init)
    # A free page: the page at the end of memory that the whole dump has and this one has not.
    assert dump.in_format("elf")
    found = run_gdb(dump.vmlinux, level31, ["python print('=begin=')", *[f"kernel rd -p {a:x}" for a in range(0x1000000, 0x20000000, 0x1f3d000)]])
    assert "was excluded from the dump (makedumpfile -d 31)" in found


@pytest.mark.scenario("sysrq", "oops")
def test_truncated(dump):
    path = dump.in_format("truncated")[0]
    output = run_gdb(dump.vmlinux, path, ["kernel dump", "python print('=still here=')"])
    assert re.search(r"STATUS: .*truncated", output)
    assert re.search(r"LOST: \d+, the first at", output)
    assert "=still here=" in output


@pytest.fixture(scope="module")
def big_directory(tmp_path_factory):
    return tmp_path_factory.mktemp("images")


@pytest.mark.scenario("qemu")
@pytest.mark.parametrize("inside", [False, True], ids=["vmem", "inside"])
def test_vmware(dump, inside, big_directory):
    """QEMU's dump as a VMware checkpoint: the same CPUs, the same stacks, the same tasks."""
    elf = elf_of(dump)
    stem = big_directory / f"machine-{inside}"
    images.write_vmware(elf, stem, inside)
    commands = ["kernel bt -a", "kernel ps", "thread apply 1 3 -q info registers rip rsp"]

    def answers(path):
        output = run_gdb(dump.vmlinux, path, ["python print('=begin=')", *commands]).split("=begin=")[1]
        # A checkpoint's segment registers are not known to us, so not shown.
        return re.sub(r"CS: \S+  SS: \S+", "", output)

    expected = answers(elf)
    assert "swapper/0" in expected
    assert answers(f"{stem}.vmss") == expected
    if not inside:
        assert answers(f"{stem}.vmem") == expected
    description = run_gdb(dump.vmlinux, f"{stem}.vmss", ["kernel dump"])
    assert "FORMAT: VMware" in description and "state of a CPU, from the checkpoint" in description
    for file in big_directory.iterdir():
        file.unlink()


@pytest.mark.scenario("sysrq")
def test_kcore(dump, big_directory):
    """A copy of /proc/kcore: no CPU's registers, all tasks, and memory through the page tables."""
    path = big_directory / "kcore"
    oops = run_gdb(dump.vmlinux, dump.vmcore, ["python print('=begin=')", "p/x page_offset_base"])
    page_offset = int(oops.split("= ")[1].split()[0], 16)
    images.write_kcore(elf_of(dump), path, page_offset)
    output = run_gdb(dump.vmlinux, path, ["kernel ps", "kernel dump", "p init_task.comm", "info threads 1"])
    whole = dump.gdb("kernel ps")
    table = whole[re.search(r"PID +PPID", whole).start():]
    assert table in output
    assert "FORMAT: ELF" in output and "NT_PRPSINFO" in output
    assert '"swapper/0' in output
    path.unlink()


@pytest.mark.scenario("sysrq")
def test_live_kcore(dump):
    """The running kernel's own /proc/kcore, in a guest: the probe compares its memory with what the kernel says of itself."""
    made = subprocess.run([TOP / "tests" / "rig" / "kcore", dump.directory], capture_output=True, text=True)
    assert made.stdout.splitlines()[-1:] == ["kcore: good"], made.stdout + made.stderr
