"""The parts of ``benchmarks/neural_network.py``: one question a file."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # here, since it must come before the first import of NumPy
