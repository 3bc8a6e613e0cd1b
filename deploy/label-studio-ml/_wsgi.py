"""What ``label-studio-ml start`` runs; for gunicorn it is ``_wsgi:app``, with one worker."""

import argparse

from label_studio_ml.api import init_app

from model import SemsamModel

app = init_app(model_class=SemsamModel)

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("-p", "--port", type=int, default=9090)
    given, _ = parser.parse_known_args()
    app.run(host=given.host, port=given.port)
