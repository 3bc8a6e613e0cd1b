#!/bin/sh
# Run the tests on every other supported Python that is found, each in a virtual environment of its own (.venv-3.x);
# $PYTHON (python3) is the one that `make stress` has just run them on.
# usage: tools/python_matrix.sh [COMMAND THAT GIVES A SCREEN…]
set -eu
own=$("${PYTHON:-python3}" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
for version in 3.11 3.12 3.13; do
    [ "$version" = "$own" ] && continue
    python=
    for candidate in "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python; do
        "$candidate" -c 'import ensurepip' >/dev/null 2>&1 && python=$candidate
    done
    if [ -z "$python" ]; then
        echo "Python $version: not found, left out"
        continue
    fi
    echo "Python $version: $python"
    make --no-print-directory VENV=".venv-$version" PYTHON="$python" ".venv-$version/dev.stamp"
    "$@" ".venv-$version/bin/python" -m pytest -n 2 --dist loadfile -m "not stress"
done
