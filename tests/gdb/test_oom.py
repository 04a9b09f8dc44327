"""`kernel oom`, held against /proc/PID/status and oom_score_adj as the guest recorded them, and against the rule of oom_badness()."""
import re

import pytest

pytestmark = [pytest.mark.every_machine, pytest.mark.scenario("sysrq", "qemu"), pytest.mark.once]


def recorded(dump):
    """{pid: ({"VmRSS": kB}, oom_score_adj)} of processes that the workload made, which changed nothing since."""
    found = {}
    for pid in dump.roles:
        files = dump.oracle.tasks[pid].files if pid in dump.oracle.tasks else {}
        sizes = dict(re.findall(rb"^(\w+):\s+(\d+) kB$", files.get("status", b""), re.M))
        if sizes and "oom_score_adj" in files:
            found[pid] = {name.decode(): int(size) for name, size in sizes.items()}, int(files["oom_score_adj"])
    return found


def test_parts_are_the_guests(dump):
    ours = {row["pid"]: row for row in dump.json("kernel oom")["processes"]}
    theirs, same = recorded(dump), 0
    for pid, (sizes, adjustment) in theirs.items():
        if pid not in ours:     # a thread
            continue
        row = ours[pid]
        assert row["oom_score_adj"] == adjustment
        # /proc leaves out what threads (up to 6.1: of 64 faults, each of up to 16 pages of a file) and CPUs have not yet added up.
        for key, name, faults in (("anonymous_bytes", "RssAnon", 1), ("file_bytes", "RssFile", 16), ("shmem_bytes", "RssShmem", 16),
                                  ("swap_bytes", "VmSwap", 1)):
            assert abs(row[key] // 1024 - sizes[name]) <= 64 * 4 * faults, (pid, name)
        assert row["rss_bytes"] == row["anonymous_bytes"] + row["file_bytes"] + row["shmem_bytes"]
        same += row["anonymous_bytes"] // 1024 == sizes["RssAnon"]
        assert row["page_table_bytes"] // 1024 == sizes["VmPTE"]
    assert same > len(theirs) // 2


def test_the_rule(dump):
    found = dump.json("kernel oom")
    rows = found["processes"]
    page = 16384 if "16k" in dump.kernel else 4096
    taken = [row for row in rows if not row["spared"]]
    assert [row["points"] for row in taken] == sorted((row["points"] for row in taken), reverse=True)
    total = int(re.search(r"points of (\d+) pages", found["notes"][-1])[1])
    meminfo = dict(re.findall(r"^(\w+):\s+(\d+) kB$", dump.oracle.text("proc/meminfo"), re.M))
    assert total == (int(meminfo["MemTotal"]) + int(meminfo["SwapTotal"])) * 1024 // page
    for row in taken:
        pages = sum(row[key] // page for key in ("rss_bytes", "swap_bytes", "page_table_bytes"))
        assert row["points"] == pages + row["oom_score_adj"] * (total // 1000)
    assert {row["pid"]: row["spared"] for row in rows if row["spared"]}.get(1) == "init" and rows[-1]["points"] is None
    # All processes with memory of their own, and nothing else.
    assert {row["pid"] for row in rows} == {task["tgid"] for task in dump.json("kernel ps")["tasks"] if int(task["mm"], 16) and not task["kernel_thread"]}
    assert f"{taken[0]['pid']} ({taken[0]['comm']}) would be taken first" in found["notes"][-1]
