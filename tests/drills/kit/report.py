"""What a drill prints: what was done, a figure, and what was expected of it."""

import re
import time


class Report:
    """Prints lines and counts the expectations that were not met. A drill goes on after one, to show the rest."""

    def __init__(self):
        self.met = 0
        self.failed = []
        self._began = time.monotonic()

    def say(self, text):
        """Something that was done, or a figure without an expectation, with the seconds since the drill began."""
        lines = str(text).splitlines() or [""]
        print(f"  [{time.monotonic() - self._began:6.1f} s] {lines[0]}", flush=True)
        for line in lines[1:]:
            print(f"               {line}", flush=True)

    def equal(self, what, figure, expected):
        """A figure that must be exactly this."""
        self._note(figure == expected, f"{what}: {figure}", f"expected {expected}")

    def true(self, what, figure, expectation, holds):
        """A figure of which something must hold, said in words."""
        self._note(holds, f"{what}: {figure}", f"expected {expectation}")

    def says(self, what, text, *words):
        """A text, of which the last line is shown, that must hold these words."""
        last = re.sub(r"\x1b\[[0-9;]*m", "", str(text)).strip().rsplit("\n", 1)[-1]
        self._note(
            all(str(word) in str(text) for word in words), f"{what}: {last}", f"with {', '.join(map(str, words))}"
        )

    def _note(self, holds, what, expectation):
        if holds:
            self.met += 1
        else:
            self.failed.append(f"{what} ({expectation})")
        self.say(f"{'ok  ' if holds else 'FAIL'} {what}   ({expectation})")
