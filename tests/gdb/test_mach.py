"""kernel mach, held against what the guest recorded of its memory and CPUs, its configuration, and gdb's own reading."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu")]


def number(text):
    return int(text, 16)


def test_memory_is_the_guests(dump):
    """Usable is what /proc/iomem calls System RAM at its first level."""
    ours = {(number(region["start"]), number(region["last"])) for region in dump.json("kernel mach -m")["regions"] if region["type"] == "usable"}
    theirs = {(number(start), number(last))
              for start, last in re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM$", dump.oracle.text("proc/iomem"), re.M)}
    assert theirs and ours == theirs


def test_what_the_firmware_said(dump):
    """x86's log has it, line by line; the kernel then reserves the first page."""
    said = re.findall(r"BIOS-e820: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] (.+)$", dump.oracle.text("dmesg"), re.M)
    if not said:
        pytest.skip("the machine has no e820")
    ours = {(number(region["start"]), number(region["last"]), region["type"]) for region in dump.json("kernel mach -m")["regions"]}
    words = {"System RAM": "usable", "device reserved": "reserved"}     # as 7.x says it
    theirs = {(number(start), number(last), words.get(kind.strip(), kind.strip())) for start, last, kind in said}
    assert len(theirs & ours) >= len(theirs) - 1
    assert (0, 0xfff, "reserved") in ours


def test_the_machine(dump):
    ours = dump.json("kernel mach")["machine"]
    hz = re.search(r"^CONFIG_HZ=(\d+)$", (dump.directory / "config").read_text(), re.M)[1]
    assert ours["cpus"] == int(dump.info["smp"]) and ours["hz"] == int(hz)
    values = dump.gdb("print/x (unsigned long)&_end", "print sizeof(init_stack)", "print/x (unsigned long)$page(0)"
                      if dump.machine in ("amd64", "s390x") else "print 0", "print/x (unsigned long)$phys_to_virt($virt_to_phys($task(1))) - $virt_to_phys($task(1))")
    end, stack, pages, direct = re.findall(r"^\$\d+ = (\S+)$", values, re.M)
    assert number(ours["image_end"]) == number(end) and ours["stack_bytes"] == int(stack)
    assert number(pages) in (0, number(ours["page_array"])) and number(ours["direct_map"]) == number(direct)


def test_cpus(dump):
    values = dump.json("kernel mach -c")["values"]
    assert [value["cpu"] for value in values] == list(range(int(dump.info["smp"])))
    family = re.search(r"^cpu family\s*: (\d+)$", dump.oracle.text("proc/cpuinfo"), re.M)
    assert not family or all(re.search(rf"\bx86 = {family[1]}\b", value["value"]) for value in values)


@pytest.mark.once
def test_usage(dump):
    assert "mach: -m or -c" in dump.gdb("kernel mach -m -c", status=1)
    assert "mach: x? It takes no words" in dump.gdb("kernel mach x", status=1)
