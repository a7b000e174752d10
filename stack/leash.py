"""Run a command that dies with its parent: `python leash.py PARENT SIGNAL USER COMMAND...`.

`subprocess` could do both steps in `preexec_fn`, but that runs Python between fork and exec, which
may deadlock as soon as the parent has a second thread. So this small script stands in between and
replaces itself by the command: the process id stays, and no process is added.

It runs on its own (`python -I -S`) and so imports nothing but the standard library.
"""

import ctypes
import os
import pwd
import sys

#: `prctl` option: the signal this process gets when the thread that started it ends (Linux).
PR_SET_PDEATHSIG = 1


def _drop_to(user: str) -> None:
    """Become an unprivileged user for good; PostgreSQL refuses to run as root."""
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir
    os.environ["USER"] = os.environ["LOGNAME"] = user


def _die_with(parent: int, signal: int) -> None:
    """Ask the kernel for `signal` when the parent ends.

    Elsewhere than on Linux there is no such request; there only an orderly end of the parent stops
    its children.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    # The parent may have ended before the request: then nobody will ever send the signal.
    if os.getppid() != parent:
        sys.exit(0)


def main(arguments: list[str]) -> None:
    """Apply the leash, then become the command.

    Args:
        arguments: Parent's process id, signal number, user or an empty string, then the command.
    """
    parent, signal, user, *command = arguments
    if user:
        _drop_to(user)
    # After the change of user, because the kernel forgets the request when credentials change.
    _die_with(int(parent), int(signal))
    try:
        os.execvpe(command[0], command, os.environ)  # noqa: S606 - the command, not a shell, gets our id
    except OSError as error:
        sys.exit(f"cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
