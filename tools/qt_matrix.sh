#!/bin/sh
# Run the window's tests on the other Qt binding, PyQt6, in a virtual environment of its own (.venv-pyqt6).
# usage: tools/qt_matrix.sh [COMMAND THAT GIVES A SCREEN…]
set -eu
make --no-print-directory VENV=.venv-pyqt6 .venv-pyqt6/dev.stamp
.venv-pyqt6/bin/python -m pip install -q --disable-pip-version-check "PyQt6>=6.7"
QT_API=pyqt6 PYTEST_QT_API=pyqt6 "$@" .venv-pyqt6/bin/python -m pytest tests/napari -m "not stress"
