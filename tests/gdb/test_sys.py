"""sys -i and the clock of the CPUs against the guest's dmesg and /proc/cpuinfo; near names of sym against gdb's own list."""
import re

import pytest


@pytest.mark.every_machine
@pytest.mark.once
def test_dmi_strings_are_those_the_kernel_printed(dump):
    """DMI: VENDOR PRODUCT, BIOS VERSION DATE"""
    printed = re.search(r"DMI: (.+), BIOS (\S+) (\S+)$", dump.oracle.text("dmesg"), re.M)
    if not printed:
        assert "this kernel knows no DMI" in dump.gdb("kernel sys -i") or dump.json("kernel sys -i")["dmi"] == []
        return
    said = {row["field"]: row["value"] for row in dump.json("kernel sys -i")["dmi"]}
    assert f"{said['DMI_SYS_VENDOR']} {said['DMI_PRODUCT_NAME']}" == printed[1]
    assert (said["DMI_BIOS_VERSION"], said["DMI_BIOS_DATE"]) == (printed[2], printed[3])


@pytest.mark.every_machine
@pytest.mark.once
def test_the_clock_of_the_cpus(dump):
    recorded = re.search(r"^cpu MHz\s*: (\d+)\.(\d+)", dump.oracle.text("proc/cpuinfo"), re.M)
    khz = dump.json("kernel sys")["system"]["cpu_khz"]
    assert khz == (int(recorded[1] + recorded[2]) if recorded else None)
    machine = re.search(r"^ +MACHINE: (.*)$", dump.gdb("kernel sys"), re.M)[1]
    assert machine.endswith(f" ({khz // 1000} MHz)") if khz else " " not in machine


@pytest.mark.every_machine
@pytest.mark.once
def test_near_names(dump):
    text = dump.gdb("kernel sym schedul", "kernel sym vfs_raed", "kernel sym rig_spni", "kernel sym xyzzy_no_such_thing")
    assert re.search(r'"schedul" is neither .*; there is schedule\b', text)
    assert re.search(r'"vfs_raed" is neither .*; there is vfs_read\b', text)
    assert re.search(r'"rig_spni" is neither .*; there is rig_spin\b', text)
    assert re.search(r'"xyzzy_no_such_thing" is neither a hexadecimal number nor a symbol nor an \(expression\)$', text, re.M)


@pytest.mark.once
def test_all_system_calls_have_the_lines_that_gdb_knows(dump):
    calls = dump.json("kernel sys -c")["system_calls"]
    code = ("for a in (%s): sal = gdb.find_pc_line(a); print('%%x' %% a, sal.symtab and sal.symtab.filename, sal.line)" %
            ", ".join(call["address"] for call in calls[::9]))
    known = {address: (name, line) for address, name, line in (row.split() for row in dump.python(code).splitlines())}
    assert len(known) > 20
    for call in calls[::9]:
        name, line = known[call["address"][2:].lstrip("0")]
        assert call["source"] and call["source"].rpartition(":")[2] == line and name.endswith(call["source"].rpartition(":")[0]), call
