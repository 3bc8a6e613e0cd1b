"""The class that label-studio-ml 2.x serves; SEMSAM_PROJECT names the folder that it keeps and learns in."""

import os

from semsam_annotate.backend.ml_backend import make_model

SemsamModel = make_model(project=os.environ.get("SEMSAM_PROJECT"))
