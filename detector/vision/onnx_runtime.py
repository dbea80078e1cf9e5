"""ONNX Runtime, kept from reporting home.

Its published builds from 1.32 on tell their maker of every process and session, and keep an
identifier of the machine in the user's cache. The variable below stops all of it, but only if it is
set before the library is loaded, so everybody imports the library from here.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort  # noqa: TID251 - the one place
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors  # noqa: TID251

__all__ = ["ort", "ort_errors"]
