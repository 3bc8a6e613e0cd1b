#!/bin/sh
# Let other people's readers open every format that we export, in a virtual environment of their own (.venv-readers):
# the core install, without torch, and the versions that docs/formats.md names.
set -eu
venv=.venv-readers
"$venv"/bin/python -c '' 2>/dev/null || "${PYTHON:-python3}" -m venv --clear "$venv"
"$venv"/bin/python -m pip install -q --disable-pip-version-check -e . pytest scikit-image tifffile \
    pycocotools==2.0.11 lvis==0.5.3 datumaro==1.13.12 supervision==0.31.2 datasets==5.2.0 \
    opencv-python-headless==4.14.0.94
HF_DATASETS_OFFLINE=1 "$venv"/bin/python -m pytest --confcutdir=tests/annotations/foreign_readers \
    tests/annotations/foreign_readers -p no:cacheprovider -W ignore "$@"
