"""kernel report: the page in headless Chromium, its data against the guest's own record (its JSON's schema: test_schemas.py)."""
import base64
import hashlib
import json
import os
import pathlib
import re

import pytest

import browser
from conftest import run_gdb
from test_no_debuginfo import ALIASES, alone

TOP = pathlib.Path(__file__).resolve().parents[2]
needs_browser = pytest.mark.skipif(not browser.find(), reason="no Chromium here: scripts/install-dependencies check")


def scratch(name):
    """A directory that a gdb in another release's root sees, too."""
    directory = TOP / "build" / "gdb-tests" / f"{name}-{os.getpid()}"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@pytest.fixture(scope="module")
def made():
    """{dump: (path of its page, the same as JSON, DOM)}, each made once."""
    cache = {}

    def make(dump):
        if repr(dump) not in cache:
            directory = scratch(f"report-{dump}")
            page = directory / "report.html"
            text = dump.gdb(f"kernel report -o {page}", status=0)
            assert re.search(rf"^written: {page}  size: \d+ kB$", text, re.M)
            dom = browser.dom(page, directory) if browser.find() else None
            cache[repr(dump)] = page, dump.json("kernel report"), dom
        return cache[repr(dump)]
    return make


# --- the data ---

def test_json_file_is_the_json(dump, made):
    path = scratch(f"report-{dump}") / "report.json"
    dump.gdb(f"kernel report -j -o {path}", status=0)
    assert json.loads(path.read_text()) == made(dump)[1]


def test_parts_say_what_the_commands_say(dump, made):
    """Of the same dump: sys, log, mod and bt -A -u, whatever the report makes of them."""
    report = made(dump)[1]
    assert report["system"] == dump.json("kernel sys")["system"]
    assert report["log"] == dump.json("kernel log")["log"]
    assert report["modules"] == dump.json("kernel mod", attached=True)["modules"]
    tasks = dump.json("kernel ps")["tasks"]
    told = {t["task"]: s["state"] for s in report["stacks"] for t in s["tasks"]}
    assert told == {t["task"]: t["state"] for t in tasks}
    assert sum(s["count"] for s in report["stacks"]) == len(tasks)


def meminfo(dump):
    rows = (line.split() for line in dump.oracle.text("proc/meminfo").splitlines())
    return {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) > 2}


# The same for as long as the machine runs this workload; the other rows move on until the crash.
EXACT = ("MemTotal", "SwapTotal", "SwapFree", "SwapCached", "Hugetlb", "Unevictable", "Mlocked", "Percpu", "SecPageTables")
# The recording process still ran when it copied /proc/meminfo, so Mapped, AnonPages and PageTables are some processes' off.
NEAR = {"AnonPages": 1 << 20, "Mapped": 2 << 20, "KernelStack": 512 << 10, "VmallocUsed": 1 << 20, "PageTables": 2 << 20,
        "Buffers": 256 << 10, "Dirty": 1 << 20, "Writeback": 1 << 20}
# The record itself lies in a tmpfs, 10 to 20 MB of it, with the slab for its files: what came to one went from another.
GROWS = ("Cached", "Shmem", "SReclaimable", "SUnreclaim")
MOVED = 64 << 20


def test_memory_is_the_guests_meminfo(dump, made):
    ours = {row["name"]: row["bytes"] for row in made(dump)[1]["memory"]}
    theirs = meminfo(dump)
    assert set(ours) <= set(theirs)
    assert None not in ours.values(), ours
    for name in EXACT:
        assert ours.get(name) == theirs.get(name), name
    for name, slack in NEAR.items():
        assert abs(ours[name] - theirs[name]) <= slack, name
    for name in GROWS:
        assert theirs[name] - (1 << 20) <= ours[name] <= theirs[name] + MOVED, name
    for name in ("MemFree", "MemAvailable"):
        assert theirs[name] - MOVED <= ours[name] <= theirs[name] + (1 << 20), name
    # Of what is available but not free, all that moved is slab, of which the kernel counts half, or all but the low watermark.
    moved = (ours["MemAvailable"] - ours["MemFree"]) - (theirs["MemAvailable"] - theirs["MemFree"])
    slab = ours["SReclaimable"] - theirs["SReclaimable"]
    assert slab // 2 - (1 << 20) <= moved <= slab + (1 << 20)
    # Files that are not in a tmpfs were neither read nor written meanwhile.
    assert abs((ours["Cached"] - ours["Shmem"]) - (theirs["Cached"] - theirs["Shmem"])) <= 256 << 10


def test_memory_parts_are_all_of_it(dump, made):
    report = made(dump)[1]
    total = next(row["bytes"] for row in report["memory"] if row["name"] == "MemTotal")
    assert sum(part["bytes"] for part in report["memory_parts"]) == total
    other = next(part["bytes"] for part in report["memory_parts"] if part["part"] == "other")
    assert 0 <= other < total // 10


def test_blocked_tasks(dump, made):
    """The rig's module has a task in uninterruptible sleep, and one that waits for a mutex that another holds."""
    blocked = {task["pid"]: task for task in made(dump)[1]["blocked"]}
    sleeper = blocked[dump.pid("uninterruptible")]
    assert sleeper["called_by"].startswith("rig_sleep_uninterruptible+")
    assert sleeper["lock_kind"] is None and sleeper["waits_for"] == []
    waiter = blocked[dump.pid("mutex_waiter")]
    assert waiter["called_by"].startswith("rig_take_mutex+")
    assert waiter["lock_kind"] in ("mutex", "rt_mutex")
    mutex = re.search(r"^mutex ([0-9a-f]+) ", dump.oracle.text("sys/kernel/debug/vmcore_rig/containers"), re.M)[1]
    assert int(waiter["lock"], 16) == int(mutex, 16)
    assert waiter["lock_name"].startswith("rig_mutex")
    assert [holder["pid"] for holder in waiter["waits_for"]] == [dump.pid("mutex_holder")]
    assert not waiter["deadlock"]
    assert all(task["state"] == "UN" or task["lock"] for task in blocked.values())
    recorded = {tid for tid, task in dump.oracle.tasks.items() if task.state == "D"}
    roles = {int(value) for key, value in dump.info.items() if key.startswith("pid.")}
    assert recorded & roles <= set(blocked)


def without_lines(value):
    if isinstance(value, list):
        return [without_lines(item) for item in value]
    if isinstance(value, dict):
        return {key: ALIASES.get(item, item) if key == "function" else without_lines(item)
                for key, item in value.items() if key not in ("line", "inlined")}
    return value


@pytest.mark.scenario("sysrq", "oops")
def test_dump_alone(dump, made):
    """With no vmlinux at all: the same but for source lines, and it says that there are none."""
    page = scratch(f"report-{dump}") / "alone.html"
    text = run_gdb(None, alone(dump), ["python print('=begin=')", "kernel report -j", f"kernel report -o {page}"], 0)
    report, whole = json.loads(text.split("=begin=\n", 1)[1].splitlines()[0]), made(dump)[1]
    assert any(note.startswith("no source lines of the kernel: ") for note in report["notes"])
    assert "notes" not in whole
    assert "There are no source lines of the kernel" in page.read_text() and "no source lines" not in made(dump)[0].read_text()
    for name in ("cpus", "blocked", "stacks", "memory", "memory_parts", "memory_processes", "log"):
        assert without_lines(report[name]) == without_lines(whole[name]), name


def test_text(dump, made):
    text = dump.gdb("kernel report", status=0)
    for title in ("What the CPUs were doing", "Blocked tasks", "All tasks' stacks", "Memory", "Modules", "Log"):
        assert f"\n\n{title}\n" in text or f"\n{title}\n" in text, title
    assert re.search(rf'for a \w+  at \w+  \(rig_mutex.*\)\n    held by PID {dump.pid("mutex_holder")} "rig-mutex_holde"', text)


# --- the page ---

def test_page_is_one_file_and_small(dump, made):
    text = made(dump)[0].read_text()
    assert len(text) < 1 << 20
    assert not re.search(r"(src|srcset|poster|action)\s*=|@import|url\(|<(link|iframe|img|object|embed|base)\b", text)
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', text))


def test_policy_allows_our_script_only(dump, made):
    text = made(dump)[0].read_text()
    script, = re.findall(r"<script>(.*?)</script>", text, re.S)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ") and f"script-src 'sha256-{digest}'" in policy
    assert text.index("Content-Security-Policy") < text.index("<title>")


@needs_browser
def test_dom_head(dump, made):
    _, report, dom = made(dump)
    system = report["system"]
    headline = system["panic"] or "No panic and no oops in the log"
    assert dom.one("h1").text == headline
    assert dom.one("title").text == f"{headline} - {system['release']}"
    facts = {dt.text: dd.text for dt, dd in zip(dom.one("dl", class_="facts").all("dt"), dom.one("dl", class_="facts").all("dd"))}
    assert facts["Kernel"] == system["release"]
    assert facts["Host"] == system["nodename"]
    assert facts["Made by"] == report["report"]["tool"]
    assert facts["Tainted"].startswith("O ") and "unsigned module" in facts["Tainted"]
    assert facts["Dump file"].startswith(dump.vmcore.name)
    ids = {element["id"] for element in dom if element["id"]}
    links = [a["href"] for a in dom.one("nav").all("a")]
    assert len(links) == 7 and all(link.removeprefix("#") in ids for link in links)


def frames_of(element):
    return [span.text for li in element.one("ol", class_="stack").all("li") for span in li.all("span", class_="fn")]


def place_of(frame):
    if frame["kind"] == "user":
        return "(user space)"
    module = f" [{frame['module']}]" if frame["module"] else ""
    return f"{frame['function']}+{frame['offset']:#x}{module}" if frame["function"] else f"(unknown){module}"


@needs_browser
def test_dom_stacks(dump, made):
    """Every frame of every CPU, and what is inlined there, with source lines, as in the JSON; where one panicked, that
    is first."""
    _, report, dom = made(dump)
    cpus = list(report["cpus"])
    sections = list(dom.one(id="cpus").all("details", class_="cpu"))
    if "panicked" in report:
        assert cpus[0]["cpu"] == report["panicked"]["cpu"] and cpus[0]["pid"] == report["panicked"]["pid"]
        sections.insert(0, dom.one(id="panic"))
    assert len(sections) == len(cpus) == int(dump.info["smp"])
    for element, cpu in zip(sections, cpus):
        functions = [[i["function"] for i in frame.get("inlined", [])] + [place_of(frame)] for frame in cpu["frames"]]
        assert frames_of(element) == sum(functions, [])
        lines = [span.text for span in element.one("ol", class_="stack").all("span", class_="src")]
        assert lines == [f["line"] or "" for frame in cpu["frames"] for f in (*frame.get("inlined", []), frame)]
    assert any("inlined" in frame for cpu in cpus for frame in cpu["frames"])
    assert sum(bool(frame["line"]) for frame in cpus[0]["frames"]) >= 3
    if dump.scenario == "oops":
        assert cpus[0]["frames"][0]["function"] == "rig_oops_c" and re.search(r"states\.c:\d+$", cpus[0]["frames"][0]["line"])


@needs_browser
def test_dom_log(dump, made):
    _, report, dom = made(dump)
    lines = [li for li in dom.one(id="log-lines").children if isinstance(li, browser.Element)]
    assert [int(li["class"][1:]) for li in lines] == [record["level"] for record in report["log"]]
    for li, record in zip(lines, report["log"]):
        assert record["text"].split("\n")[0] in li.text
    # dmesg gives each line of a message a prefix of its own.
    recorded = [line.split("] ", 1)[1] for line in dump.oracle.text("dmesg").splitlines() if re.match(r"<\d+>\[", line)]
    assert [text for record in report["log"] for text in record["text"].split("\n")][:len(recorded)] == recorded
    last = list(dom.one(id="panic").one("ol", class_="log").all("li"))
    assert [li.text for li in last] == [li.text for li in lines[-len(last):]]
    if dump.scenario == "oops":
        assert "NULL pointer dereference" in last[0].text


@needs_browser
def test_dom_tables(dump, made):
    _, report, dom = made(dump)
    names = [tr.one("code").text for tr in dom.one(id="modules").one("tbody").all("tr")]
    assert set(names) == {line.split()[0] for line in dump.oracle.text("proc/modules").splitlines()}
    assert len(names) == len(report["modules"])
    rows = {tr.one("th").text: tr.one("td").text for tr in dom.one(class_="meminfo").all("tr")}
    assert rows == {row["name"]: f"{row['bytes'] // 1024} kB" for row in report["memory"]}
    bar = [float(rect["width"].rstrip("%")) for rect in dom.one("svg", class_="whole").all("rect")]
    assert 95 < sum(bar) <= 100.5
    articles = {re.search(r"PID (\d+)", a.text)[1]: a.text for a in dom.all("article", class_="blocked")}
    assert set(map(int, articles)) == {task["pid"] for task in report["blocked"]}
    assert "rig-mutex_holde" in articles[str(dump.pid("mutex_waiter"))]


@needs_browser
def test_dom_flame_graph(dump, made):
    """Within a state boxes are as wide as their tasks are many; they lie within what called them, and every state is there."""
    _, report, dom = made(dump)
    total = sum(stack["count"] for stack in report["stacks"])
    boxes = []
    for svg in dom.one(id="flame").all("svg"):
        name, count, percent = re.fullmatch(r"(.*): (\d+) tasks?, ([\d.]+)%", svg.one("title").text, re.S).groups()
        x, width, y = (float(svg[key].rstrip("%")) for key in ("x", "width", "y"))
        assert abs(float(percent) - 100 * int(count) / total) <= 0.051, name
        boxes.append((name, int(count), x, width, y))
    rows = sorted({y for *_, y in boxes}, reverse=True)
    assert boxes[0][:4] == ("all tasks", total, 0, 100) and boxes[0][4] == rows[0]
    for _, _, x, width, y in boxes[1:]:
        below = [b for b in boxes if b[4] == rows[rows.index(y) - 1]]
        assert any(b[2] - 0.01 <= x and x + width <= b[2] + b[3] + 0.01 for b in below)
    for state in (b for b in boxes if b[4] == rows[1]):
        assert state[3] > 1
        for _, count, x, width, _ in boxes[1:]:
            if state[2] - 0.01 <= x and x + width <= state[2] + state[3] + 0.01:
                assert abs(width - state[3] * count / state[1]) < 0.01
    states = {}
    for stack in report["stacks"]:
        states[stack["state_name"]] = states.get(stack["state_name"], 0) + stack["count"]
    assert {name: count for name, count, *_, y in boxes if y == rows[1]} == states
    innermost = {frame["function"] for stack in report["stacks"] for frame in stack["frames"] if frame["function"]}
    assert innermost <= {name.rpartition(" [")[0] or name for name, *_ in boxes}
    # The script has run, so the policy lets it; and it made nothing but what it should.
    assert "hidden" not in dom.one("p", class_="tools").attributes


@needs_browser
def test_dom_is_what_was_written(dump, made):
    """No name in the dump became an element: the tags are those of the page without a script."""
    page, _, dom = made(dump)
    parser = browser.Parser()
    parser.feed(page.read_text())
    assert sum(1 for _ in dom.all("script")) == 1
    assert {e.tag for e in dom} == {e.tag for e in parser.open[0]}
    assert not any(name.startswith("on") for e in dom for name in e.attributes)


# --- how it looks ---

@needs_browser
@pytest.mark.scenario("oops")
def test_screenshots(dump, made, tmp_path):
    """Light and dark: the background is most of it, and the text on it is far from it."""
    page = made(dump)[0]
    for dark in (False, True):
        rows = browser.screenshot(page, tmp_path, f"{'dark' if dark else 'light'}.png", 1000, 900, dark)
        assert len(rows) == 900 and len(rows[0]) == 1000
        counts = {}
        for row in rows:
            for color in row:
                counts[color] = counts.get(color, 0) + 1
        background = max(counts, key=counts.get)
        assert (browser.luminance(background) < 0.05) == dark
        assert 0.5 < counts[background] / 900000 < 0.98
        readable = sum(n for color, n in counts.items() if browser.contrast(color, background) >= 4.5)
        assert readable > 9000      # a hundredth of the pixels are the strokes of letters


@pytest.mark.scenario("oops")
def test_colours_contrast(dump, made):
    """WCAG AA, 4.5 to 1, for text on all that it stands on, in both schemes."""
    style = re.search(r"<style>(.*?)</style>", made(dump)[0].read_text(), re.S)[1]
    light, dark = (dict(re.findall(r"--([\w-]+): #([0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", style, re.S))
    pairs = [("fg", "bg"), ("fg", "card"), ("fg", "tag"), ("muted", "bg"), ("muted", "card"), ("muted", "tag"), ("link", "bg"), ("bad", "bg"),
             ("bad", "bad-bg"), ("bad", "card"), ("warn", "card"), ("fg", "warn-bg"), ("box", "ru"), ("box", "un"), ("box", "in"),
             ("box", "id"), ("box", "st"), ("box", "all")]
    for scheme in (light, {**light, **dark}):
        colors = {name: tuple(bytes.fromhex(value)) for name, value in scheme.items()}
        for text, ground in pairs:
            assert browser.contrast(colors[text], colors[ground]) >= 4.5, (text, ground)


def with_script(page, target, script, keep=False):
    """The page without its policy, SCRIPT in place of ours or, KEEP, after it."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    ours = re.search(r"<script>(.*?)</script>", text, re.S)
    target.write_text(text.replace(ours[0], f"<script>{ours[1] if keep else ''}{script}</script>"))
    return target


@needs_browser
@pytest.mark.scenario("oops")
def test_fits_a_phone(dump, made, tmp_path):
    """Nothing is wider than the window, with all that can be opened open."""
    measure = "document.querySelectorAll('details').forEach(d => d.open = true);" \
              "document.body.dataset.width = document.documentElement.scrollWidth + ' ' + window.innerWidth;"
    page = with_script(made(dump)[0], tmp_path / "measured.html", measure)
    for size in ("390,800", "1280,900"):
        needed, there = browser.dom(page, tmp_path, f"--window-size={size}").one("body")["data-width"].split()
        assert int(needed) <= int(there), size


@needs_browser
@pytest.mark.scenario("oops")
def test_log_filter_needs_no_script(dump, made, tmp_path):
    """What a person sees of the log with each choice: counted in the browser, done by the style alone."""
    count = "for (const id of ['level-all', 'level-warn', 'level-err']) { document.getElementById(id).checked = true;" \
            "document.body.setAttribute('data-' + id, [...document.querySelectorAll('#log-lines li')]" \
            ".filter(li => getComputedStyle(li).display != 'none').length); }"
    body = browser.dom(with_script(made(dump)[0], tmp_path / "counted.html", count), tmp_path).one("body")
    levels = [record["level"] for record in made(dump)[1]["log"]]
    assert int(body["data-level-all"]) == len(levels)
    assert 0 < int(body["data-level-warn"]) == sum(level <= 4 for level in levels)
    assert 0 < int(body["data-level-err"]) == sum(level <= 3 for level in levels)


@needs_browser
@pytest.mark.scenario("oops")
def test_flame_graph_zoom_and_search(dump, made, tmp_path):
    """A click on a box makes it as wide as the picture; a search marks the boxes of that name."""
    act = "const box = [...document.querySelectorAll('#flame svg')].find(b => b.textContent.startsWith('entry_SYSCALL'));" \
          "box.querySelector('rect').dispatchEvent(new MouseEvent('click', { bubbles: true }));" \
          "const find = document.getElementById('flame-find'); find.value = 'RIG_take_m'; find.dispatchEvent(new Event('input'));"
    flame = browser.dom(with_script(made(dump)[0], tmp_path / "zoomed.html", act, keep=True), tmp_path).one(id="flame")
    box = next(b for b in flame.all("svg") if b.one("title").text.startswith("entry_SYSCALL"))
    assert float(box["width"].rstrip("%")) == 100 and float(box["x"].rstrip("%")) == 0
    found = [b.one("title").text for b in flame.all("svg", class_="found")]
    assert found and all(text.startswith("rig_take_mutex [vmcore_rig]: ") for text in found)
    hidden = [b for b in flame.all("svg") if "display: none" in b["style"]]
    assert hidden and all(b.one("title").text != box.one("title").text for b in hidden)
