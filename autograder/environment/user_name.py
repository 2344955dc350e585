"""The name of the user who runs this, which a container may not know.

`docker run --user 1234` and OpenShift start programs as a user without a line in /etc/passwd. From
Python 3.13 on, `getpass.getuser` then raises OSError, and so does `import aiomysql`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping

_VARIABLES = ("LOGNAME", "USER", "LNAME", "USERNAME")  # those that getpass looks at


def known() -> bool:
    """Whether the system has a name for this user."""
    if sys.platform == "win32":
        return True
    import pwd

    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True


def ensure(variables: MutableMapping[str, str]) -> None:
    """Set USER in these environment variables if nothing else gives this user a name."""
    if not any(variables.get(name) for name in _VARIABLES) and not known():
        variables["USER"] = "learner"
