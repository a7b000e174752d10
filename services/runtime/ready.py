"""`python -m services.runtime.ready URL`: exit status 0 if that service is ready.

For container health checks, which run every few seconds: imports next to nothing.
"""

import sys
import urllib.error
import urllib.request


def main(url: str) -> int:
    """Ask once."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=4):  # noqa: S310 - our own address
            return 0
    except (OSError, urllib.error.URLError):
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
