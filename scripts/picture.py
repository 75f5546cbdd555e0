"""Draws a terminal as an SVG picture: the lines of `tmux capture-pane -e -p` on the standard input."""

import re
import sys
from html import escape

WIDTH, HEIGHT, MARGIN = 8.4, 19, 14
COLOURS = {31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 35: "#d2a8ff", 36: "#76e3ea", 90: "#8b949e"}
NAMES = {1: "font-weight:bold", 2: "opacity:.6"}


def spans(line):
    """Yields column, style and text of the parts of a line."""
    column, styles = 0, {}
    for code, text in re.findall(r"(?:\x1b\[([\d;]*)m)?([^\x1b]*)", line):
        for n in map(int, filter(None, (code or "").split(";"))):
            if n == 0:
                styles = {}
            elif n in COLOURS:
                styles["fill"] = "fill:" + COLOURS[n]
            elif n == 39:
                styles.pop("fill", None)
            elif n in NAMES:
                styles[n] = NAMES[n]
        if code == "":
            styles = {}
        if text.strip():
            yield column, ";".join(styles.values()), text
        column += len(text)


lines = sys.stdin.read().rstrip("\n").split("\n")
columns = max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in lines)
width, height = columns * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
      'font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="14">')
print('<rect width="100%" height="100%" rx="8" fill="#0d1117"/><g fill="#e6edf3">')
for row, line in enumerate(lines):
    for column, style, text in spans(line):
        x, y = MARGIN + column * WIDTH, MARGIN + row * HEIGHT + 14
        attribute = f' style="{style}"' if style else ""
        print(f'<text x="{x:.1f}" y="{y}" textLength="{len(text) * WIDTH:.1f}"{attribute}>{escape(text).replace(" ", chr(0xa0))}</text>')
print("</g></svg>")
