"""``python -m semsam_annotate.cli``: the same program, for a child process that must use this interpreter."""

from semsam_annotate.cli.app import main

main()
