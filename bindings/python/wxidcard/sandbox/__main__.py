"""``python -m wxidcard.sandbox``."""

import sys


def run() -> int:
    """Start the sandbox, or say which extra is missing; returns the exit status."""
    try:
        from .cli import main
    except ImportError as error:
        print(
            f"wxidcard sandbox: {error.name} is missing; install wxidcard[sandbox]",
            file=sys.stderr,
        )
        return 2
    return main()


if __name__ == "__main__":
    sys.exit(run())
