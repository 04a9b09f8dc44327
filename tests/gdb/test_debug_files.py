"""Debug information in every shape that distributions give it: alone, linked to, packed; files in either order."""
import os
import re
import subprocess

import pytest

from conftest import LAUNCHER, TOP, auto_load, gdb_argv, run_gdb


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """MAKE(dump): a directory with vmlinux.debug (debug information alone) and vmlinux, which is stripped and names it."""
    made = {}

    def make(dump):
        if dump.vmlinux.resolve() not in made:
            directory = tmp_path_factory.mktemp("debug")
            subprocess.run(["objcopy", "--only-keep-debug", dump.vmlinux, directory / "vmlinux.debug"], check=True)
            subprocess.run(["objcopy", "--strip-debug", "--add-gnu-debuglink=vmlinux.debug", dump.vmlinux, directory / "vmlinux"],
                           check=True, cwd=directory)
            made[dump.vmlinux.resolve()] = directory
        return made[dump.vmlinux.resolve()]
    yield make
    for directory in made.values():
        for file in directory.iterdir():
            file.unlink()


COMMANDS = ["python print('=begin=')", "bt", "kernel bt -l"]


def stacks(out):
    """What gdb's bt and `kernel bt -l` say, without what comes before."""
    return out.split("=begin=\n", 1)[1]


@pytest.mark.scenario("oops")
def test_debug_information_alone(dump, files):
    """objcopy --only-keep-debug, as SUSE's vmlinux.debug: no code, no ORC."""
    assert stacks(run_gdb(files(dump) / "vmlinux.debug", dump.vmcore, COMMANDS)) == stacks(dump.gdb(*COMMANDS))


@pytest.mark.scenario("oops")
def test_debug_link(dump, files):
    out = run_gdb(files(dump) / "vmlinux", dump.vmcore, COMMANDS)
    assert f"vmlinux: {files(dump)}/vmlinux.debug, the debug file of {files(dump)}/vmlinux" in out
    assert stacks(out) == stacks(dump.gdb(*COMMANDS))


@pytest.mark.scenario("oops")
def test_stripped(dump, files, tmp_path):
    """Without its debug file: everything but lines, and why there are none."""
    os.link(files(dump) / "vmlinux", tmp_path / "vmlinux")
    out = run_gdb(tmp_path / "vmlinux", dump.vmcore, COMMANDS)
    assert f"{tmp_path}/vmlinux has no debug information" in out
    assert re.search(r"^note: no lines of the kernel's source: .*no debug information", out, re.M), out
    native = re.compile(r"^ #\d.*", re.M)
    assert native.findall(out) == native.findall(dump.gdb(*COMMANDS))


@pytest.mark.scenario("oops")
@pytest.mark.parametrize("how", ["zlib-gnu", "zlib", "zstd"])
def test_packed_debug_sections_of_a_module(dump, how, tmp_path):
    file, = dump.directory.glob("modules/vmcore_rig.ko")
    subprocess.run(["objcopy", f"--compress-debug-sections={how}", file, tmp_path / "vmcore_rig.ko"], check=True)
    again = [f"set vmcore module-path {tmp_path}", f"target vmcore {dump.vmcore}"]
    out = run_gdb(dump.vmlinux, dump.vmcore, [*again, *COMMANDS, "kernel mod vmcore_rig"])
    assert stacks(out).split("     MODULE")[0] == stacks(dump.gdb(*COMMANDS))
    assert re.search(rf" {tmp_path}/vmcore_rig.ko$" if how == "zlib" else r" /\S*/unpacked/\S*-vmcore_rig.ko$", out, re.M), out


@pytest.mark.scenario("oops")
def test_either_order(dump):
    *outside, inside = gdb_argv()
    launcher = [*outside, LAUNCHER, f"--gdb={inside}", dump.vmcore, dump.vmlinux, "-nx"]
    plain = gdb_argv(*auto_load(), dump.vmcore, dump.vmlinux)
    for command in launcher, plain:
        out = subprocess.run([*map(str, command), "-batch", "-ex", "info line start_kernel"], stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=TOP).stdout
        assert re.search(r'^Line \d+ of "init/main.c"', out, re.M), out


@pytest.mark.scenario("oops")
@pytest.mark.parametrize("packer,ending", [("zstd -q -1 -c", "zst"), ("gzip -1 -c", "gz"), ("xz -0 -T0 -c", "xz")])
def test_whole_vmlinux_packed(dump, files, tmp_path, packer, ending):
    """vmlinux.zst, .gz and .xz are unpacked once, kept, and are then like any other. (The stripped one: it is small.)"""
    packed = tmp_path / f"vmlinux.{ending}"
    with open(packed, "wb") as target:
        subprocess.run([*packer.split(), files(dump) / "vmlinux"], stdout=target, check=True)
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    out = run_gdb(packed, dump.vmcore, COMMANDS, env=env)
    native = re.compile(r"^ #\d.*", re.M)
    assert native.findall(out) == native.findall(dump.gdb(*COMMANDS)) != []
    alone = run_gdb(packed, dump.vmcore, ["kernel bt"], 0, env=env)
    assert native.findall(alone) == native.findall(dump.gdb("kernel bt"))
