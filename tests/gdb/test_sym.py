"""`kernel sym` and `kernel rd` against what the guest wrote down: /proc/kallsyms, /proc/version."""
import json
import random
import re

import pytest


def kallsyms(dump):
    """(address, name) -> (letter, module or None)."""
    result = {}
    for line in dump.oracle.text("proc/kallsyms").splitlines():
        words = line.split()
        result[int(words[0], 16), words[2]] = words[1], words[3].strip("[]") if len(words) > 3 else None
    return result


@pytest.mark.scenario("sysrq")
def test_all_symbols(dump):
    """Every symbol that the kernel itself listed, with its letter and its module."""
    ours = {}
    for row in dump.json("kernel sym -l")["symbols"]:
        ours.setdefault((int(row["address"], 16), row["name"]), []).append((row["type"], row["module"]))
    missing, other = [], []
    for (address, name), (letter, module) in kallsyms(dump).items():
        # Export tables' entries and checksums are left out (symtab.h); a compiler's local labels are no symbols.
        # arm64's $x and $d say where code and data begin.
        if name.startswith(("__ksymtab_", "__kstrtab", "__crc_", ".L", "$x", "$d")) or module in ("bpf", "__builtin__ftrace"):
            continue
        found = ours.get((address, name))
        if not found:
            missing.append((hex(address), name, module))
        elif module:
            # A module's letters are small in /proc/kallsyms unless the symbol is exported.
            if (letter.lower(), module) not in [(t.lower(), m) for t, m in found]:
                other.append((name, letter, module, found))
        # Per-CPU symbols are A there, since they are offsets; nm and System.map call them D.
        elif letter != "A" and (letter, None) not in found:
            other.append((name, letter, found))
    assert len(ours) > 50000
    assert missing == []
    assert other == []


@pytest.mark.scenario("sysrq")
def test_words(dump):
    symbols = {name: address for (address, name), (_, module) in kallsyms(dump).items() if not module}
    schedule = symbols["schedule"]
    output = dump.gdb("kernel sym schedule", f"kernel sym {schedule + 4:x}", "kernel sym rig_spin", "kernel sym no_such_symbol")
    digits = 8 if dump.machine == "i386" else 16
    assert f"{schedule:0{digits}x} (T) schedule  kernel/sched/core.c:" in output
    assert f"{schedule + 4:0{digits}x} (T) schedule +0x4  kernel/sched/core.c:" in output
    assert "rig_spin [vmcore_rig]" in output
    assert "neither a hexadecimal number nor a symbol" in output


LINES = """
import json
for address in ADDRESSES:
    sal = gdb.find_pc_line(address)
    theirs = f"{sal.symtab.filename}:{sal.line}" if sal.symtab and sal.line else None
    try:
        ours = json.loads(gdb.execute(f"kernel sym -j {address:x}", to_string=True))["symbols"][0]["source"]
        print(json.dumps([f"{address:x}", ours, theirs]))
    except gdb.error:       # between two functions
        pass
"""


@pytest.mark.scenario("sysrq")
def test_lines_are_gdbs(dump):
    """Of some hundred places anywhere in the kernel's code: which of several rows of a line table counts is gdb's choice."""
    symbols = {name: address for (address, name), (_, module) in kallsyms(dump).items() if not module}
    code = sorted({a for a in symbols.values() if symbols["_stext"] <= a <= symbols["_etext"]})
    rng = random.Random(1)
    # arm64's functions begin with nops, which gdb takes for the end of the one before.
    padding = 8 if dump.machine == "arm64" else 0
    places = sorted(rng.randrange(code[i] + padding, code[i + 1]) for i in rng.sample(range(len(code) - 1), 500)
                    if code[i + 1] - code[i] > padding)
    answers = [json.loads(line) for line in dump.python(LINES.replace("ADDRESSES", str(places))).splitlines()]
    assert [answer for answer in answers if answer[1] != answer[2]] == []
    assert sum(answer[1] is not None for answer in answers) > 400


@pytest.mark.scenario("sysrq")
def test_rd_text(dump):
    """The kernel's banner, byte by byte, through a virtual and through a physical address."""
    banner = dump.oracle.text("proc/version")
    row = dump.json(f"kernel rd -8 linux_banner {len(banner)}")["memory"]
    assert bytes.fromhex("".join(r["bytes"] for r in row)).decode() == banner
    assert banner[:16] in dump.gdb("kernel rd -a linux_banner 16")
    assert dump.gdb("kernel rd -a linux_banner").count("Linux version") == 1


def same_names(output, path):
    """OUTPUT with one name for each address: of several, vmlinux's sizes and types say which is the function's."""
    first, names = {}, {}
    for address, _, name in (line.split() for line in path.read_text().splitlines()):
        names[name] = first.setdefault(address, name)
    return re.sub(r"[A-Za-z_][\w.]*", lambda word: names.get(word[0], word[0]), output)


@pytest.mark.scenario("sysrq")
def test_system_map(dump):
    """A System.map in place of vmlinux's own symbols, and of the dump's: the same answers."""
    real = dump.vmlinux.resolve()
    maps = [path for path in real.parents[3].glob(f"**/System.map-{dump.info['release']}") if path.stat().st_size > 1000]
    maps += [path for path in real.parents[3].glob("**/System.map") if path.stat().st_size > 1000]
    if not maps:
        pytest.skip("this kernel's packages have no real System.map")
    commands = ["python print('=begin=')", "kernel bt -a", "kernel ps", "kernel sym schedule init_task runqueues"]
    expected = dump.gdb(*commands).split("=begin=")[1]
    output = dump.gdb(f"set vmcore system-map {maps[0]}", f"target vmcore {dump.vmcore}", *commands)
    assert same_names(output.split("=begin=")[1], maps[0]) == same_names(expected, maps[0])
