#!/bin/sh
# Run the tests of the detectron2 room on detectron2's own code, train and measure a Mask R-CNN of it on a project, in a
# virtual environment of its own (.venv-detectron2). detectron2 is not on PyPI; PixelLib is, and carries a copy.
# usage: tools/detectron2_code.sh [ARGUMENTS OF PYTEST…]
set -eu
venv=.venv-detectron2
make --no-print-directory VENV="$venv" "$venv/dev.stamp"
"$venv"/bin/python -m pip install -q --disable-pip-version-check fvcore==0.1.5.post20221221 cloudpickle omegaconf \
    opencv-python-headless==4.14.0.94
"$venv"/bin/python -m pip download -q --disable-pip-version-check --no-deps --dest build/pixellib pixellib==0.7.1
"$venv"/bin/python tools/detectron2_of_pixellib.py build/pixellib/pixellib-0.7.1-*.whl build/detectron2
SEMSAM_DETECTRON2=$PWD/build/detectron2 "$venv"/bin/python -m pytest tests/detectron2 -W ignore "$@"
