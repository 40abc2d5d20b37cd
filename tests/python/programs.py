"""Programs in an interpreter of their own, for what happens to a whole process."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def program(head: str, text: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``text``, which may be indented, after ``head``; it is ended when it is left."""
    command = [sys.executable, "-X", "faulthandler", "-c", head + textwrap.dedent(text), *arguments]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def output_of(head: str, text: str, *arguments: str) -> str:
    """What such a program prints; it must end well and say nothing else."""
    with program(head, text, *arguments) as running:
        output, problems = running.communicate(timeout=60)
    assert (running.returncode, problems) == (0, "")
    return output.strip()
