#!/bin/sh
# Make the virtual environment VENV and install this checkout with its EXTRA.    usage: tools/setup.sh VENV EXTRA PYTHON
set -eu
venv=$1 extra=$2 python=$3
stop() { echo "$*" >&2; exit 1; }

command -v "$python" >/dev/null || stop "no $python here: name a Python 3.11, 3.12 or 3.13, as in: make PYTHON=python3.12"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
    stop "$("$python" --version) is not supported: name a Python 3.11, 3.12 or 3.13, as in: make PYTHON=python3.12"
"$python" -c 'import ensurepip, venv' 2>/dev/null || "$(dirname "$0")"/need.sh python3-venv

"$venv"/bin/python -c '' 2>/dev/null || "$python" -m venv --clear "$venv"
echo "installing semsam-annotate[$extra] and its dependencies into $venv (some GB with torch: minutes)"
"$venv"/bin/uv --version >/dev/null 2>&1 || "$venv"/bin/python -m pip install -q --disable-pip-version-check uv ||
    echo "uv is not to be had: pip does it, more slowly"
if "$venv"/bin/uv --version >/dev/null 2>&1; then
    # compiled once here: where Python may not write beside its modules, every start would compile napari and torch anew
    "$venv"/bin/uv pip install -q --compile-bytecode --python "$venv"/bin/python -e ".[$extra]"
else
    "$venv"/bin/python -m pip install -q -e ".[$extra]"
fi
"$venv"/bin/python -c 'import torch, torchvision' ||
    stop "torch and torchvision do not fit each other (a CPU-only torch beside PyPI's torchvision?): make clean, then again"
