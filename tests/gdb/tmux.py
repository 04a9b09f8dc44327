"""A terminal for programs that draw on it: tmux, of a server of its own, asked for what the screen shows."""
import os
import re
import shlex
import subprocess
import tempfile
import time

PATIENCE = 120      # seconds; only to end a test that hangs


class Terminal:
    """A shell in a window of WIDTH x HEIGHT. Nothing here sleeps for an effect: it looks until the screen shows it."""

    def __init__(self, width=120, height=40, cwd=None):
        self.directory = tempfile.TemporaryDirectory(prefix="vmcore-tmux.")
        self.socket = os.path.join(self.directory.name, "socket")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "-c", str(cwd or "."),
                  "-e", "LC_ALL=C.UTF-8", "bash --norc --noprofile")
        self.type("PS1='shell> '; clear")
        try:
            self.wait(r"^shell> *$")
        except AssertionError:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.tmux("kill-server")
        self.directory.cleanup()

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, *arguments], stdout=subprocess.PIPE, check=True, timeout=60).stdout.decode()

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def state(self, name):
        """A variable of tmux's: cursor_flag, alternate_on, pane_width."""
        return self.tmux("display-message", "-p", f"#{{{name}}}").strip()

    def wait(self, pattern):
        """The screen, once it shows PATTERN."""
        end = time.monotonic() + PATIENCE
        while True:
            screen = self.screen()
            if re.search(pattern, screen, re.M):
                return screen
            assert time.monotonic() < end, f"not seen: {pattern}\n{screen}"
            time.sleep(0.05)

    def type(self, text):
        """TEXT and Enter."""
        self.tmux("send-keys", "-l", text)
        self.tmux("send-keys", "Enter")

    def key(self, name):
        self.tmux("send-keys", name)

    def run(self, argv):
        self.type(" ".join(map(shlex.quote, map(str, argv))))

    def resize(self, width, height):
        self.tmux("resize-window", "-x", str(width), "-y", str(height))
