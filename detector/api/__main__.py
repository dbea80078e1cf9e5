"""Prints the OpenAPI description: ``python -m detector.api > docs/openapi.json``."""

import json
import sys

from detector.api.app import openapi_document

json.dump(openapi_document(), sys.stdout, indent=2)
sys.stdout.write("\n")
