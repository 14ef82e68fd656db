# SPDX-License-Identifier: Apache-2.0
"""A terminal as far as ferry uses one: enough of it to see what a person would see."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

SEQUENCE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


class Screen:
    def __init__(self, width=80, height=24):
        self.width, self.height = width, height
        self.rows, self.row, self.column = [[" "] * width for _ in range(height)], 0, 0
        self.pending, self.clears = "", 0

    def line_feed(self):
        if self.row + 1 < self.height:
            self.row += 1
        else:
            self.rows = self.rows[1:] + [[" "] * self.width]

    def sequence(self, private, arguments, letter):
        count = int(arguments.split(";")[0] or 1) if arguments else 1
        if private or letter == "m":
            return
        if letter == "A":
            self.row = max(0, self.row - count)
        elif letter == "K":
            self.rows[self.row][self.column:] = [" "] * (self.width - self.column)
        elif letter == "J":
            self.clears += arguments == "2"
            first = 0 if arguments == "2" else self.row
            for row in range(first, self.height):
                self.rows[row] = [" "] * self.width
        elif letter == "H":
            self.row = self.column = 0
        else:
            raise ValueError(f"ferry wrote a sequence this terminal does not know: {letter}")

    def feed(self, text):
        text, self.pending = self.pending + text, ""
        at = 0
        while at < len(text):
            if text[at] == "\x1b":
                found = SEQUENCE.match(text, at)
                if not found:
                    self.pending = text[at:]
                    return
                self.sequence(*found.groups())
                at = found.end()
                continue
            if text[at] == "\r":
                self.column = 0
            elif text[at] == "\n":
                self.line_feed()
            elif self.column < self.width:
                self.rows[self.row][self.column] = text[at]
                self.column += 1
            at += 1

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.rows)


class Session:
    """A command on a terminal of its own."""

    def __init__(self, command, environment, width=80, height=24):
        self.screen, self.seen = Screen(width, height), ""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        env={**environment, "TERM": "xterm", "LC_ALL": "C.UTF-8"})
        os.close(slave)
        self.bytes = b""

    def read(self, seconds):
        """Take in what comes for so long; False when the command has ended."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.master], [], [], left)
            if not ready:
                break
            try:
                piece = os.read(self.master, 65536)
            except OSError:
                return False
            if not piece:
                return False
            self.bytes += piece
            text = self.bytes.decode(errors="ignore")
            try:
                text = self.bytes.decode()
                self.bytes = b""
            except UnicodeDecodeError as error:
                text, self.bytes = self.bytes[:error.start].decode(), self.bytes[error.start:]
            self.seen += text
            self.screen.feed(text)
        return True

    def read_until(self, condition, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self):
                return True
            if not self.read(0.05):
                return condition(self)
        return False

    def keys(self, text):
        os.write(self.master, text.encode())

    def wait(self, seconds=60):
        self.read_until(lambda _: self.process.poll() is not None, seconds)
        return self.process.wait(timeout=5)
