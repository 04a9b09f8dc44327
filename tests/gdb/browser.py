"""Headless Chromium as a test needs it: a page's DOM after its script has run, and its pixels. No packages of pip."""
import html.parser
import os
import shutil
import subprocess
import zlib

VOID = {"meta", "input", "br", "hr", "img", "link", "rect"}


def find():
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def run(path, directory, *options):
    arguments = [find(), "--headless", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={directory}/profile", *options]
    if os.geteuid() == 0:       # Chromium has no sandbox for root
        arguments.append("--no-sandbox")
    result = subprocess.run([*arguments, f"file://{path}"], capture_output=True, timeout=120)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.children = tag, dict(attributes), []

    def __iter__(self):
        """All elements below it, in order."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child

    def all(self, tag=None, **attributes):
        """all("li", class_="l3"): the classes may be more."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        for element in self:
            if tag not in (None, element.tag):
                continue
            if all(value in element[name].split() if name == "class" else element[name] == value for name, value in wanted.items()):
                yield element

    def one(self, tag=None, **attributes):
        return next(self.all(tag, **attributes))

    def __getitem__(self, name):
        return self.attributes.get(name) or ""

    @property
    def text(self):
        return "".join(c if isinstance(c, str) else c.text for c in self.children)


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag, attributes):
        element = Element(tag, attributes)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        if tag in (e.tag for e in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data):
        self.open[-1].children.append(data)


def dom(path, directory, *options):
    """The document as Chromium has it, after scripts."""
    parser = Parser()
    parser.feed(run(path, directory, "--dump-dom", *options).decode())
    return parser.open[0]


def screenshot(path, directory, name, width, height, dark=False):
    """Rows of pixels, (r, g, b) each, of the top of the page; the picture stays in DIRECTORY."""
    picture = directory / name
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    run(path, directory, f"--window-size={width},{height}", f"--screenshot={picture}", *scheme)
    return pixels(picture.read_bytes())


def pixels(png):
    """PNG (ISO/IEC 15948) of 8 bits, RGB or RGBA, not interlaced."""
    at, data = 8, b""
    while at < len(png):
        size, kind = int.from_bytes(png[at:at + 4], "big"), png[at + 4:at + 8]
        body = png[at + 8:at + 8 + size]
        if kind == b"IHDR":
            width, height = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:8], "big")
            assert body[8] == 8 and body[9] in (2, 6) and body[12] == 0
            depth = 3 if body[9] == 2 else 4
        elif kind == b"IDAT":
            data += body
        at += size + 12
    raw, stride, rows, before = zlib.decompress(data), width * depth, [], bytearray(width * depth)
    for y in range(height):
        start = y * (stride + 1)
        kind, line = raw[start], bytearray(raw[start + 1:start + 1 + stride])
        unfilter(kind, line, before, depth)
        rows.append([tuple(line[i:i + 3]) for i in range(0, stride, depth)])
        before = line
    return rows


def unfilter(kind, line, before, depth):
    for i in range(len(line)):
        left, above = line[i - depth] if i >= depth else 0, before[i]
        corner = before[i - depth] if i >= depth else 0
        if kind == 1:
            add = left
        elif kind == 2:
            add = above
        elif kind == 3:
            add = (left + above) // 2
        elif kind == 4:
            guess = left + above - corner
            add = min((abs(guess - left), 0, left), (abs(guess - above), 1, above), (abs(guess - corner), 2, corner))[2]
        else:
            return
        line[i] = (line[i] + add) & 0xff


def luminance(color):
    """WCAG 2.2, relative luminance."""
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
