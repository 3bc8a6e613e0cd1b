"""Programs that are started as modules: bad input ends them with one line, as it ends ``semsam``."""

import sys
from collections.abc import Callable

from semsam_annotate.api import BadInput


def run(main: Callable[[], None]) -> None:
    """Call ``main``; of BadInput only the message is shown, and the exit code is 2."""
    try:
        main()
    except BadInput as error:
        print(error, file=sys.stderr)
        sys.exit(2)
