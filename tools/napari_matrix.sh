#!/bin/sh
# Run the window's tests on the minor version of napari before the newest, in a virtual environment of its own.
# usage: tools/napari_matrix.sh [COMMAND THAT GIVES A SCREEN…]
set -eu
for version in 0.8; do
    venv=.venv-napari-$version
    make --no-print-directory VENV="$venv" "$venv/dev.stamp"
    "$venv/bin/python" -m pip install -q --disable-pip-version-check "napari==$version.*"
    "$@" "$venv/bin/python" -m pytest tests/napari -m "not stress"
done
