"""Who sits at the window."""

import getpass


def user_name() -> str | None:
    """Name of the user of the computer, None for one without."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in some containers
        return None
