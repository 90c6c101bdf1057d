"""What a run leaves on disk: results, checkpoints, folders; written to survive a crash.

``writer`` and ``read`` are about ``result.h5``, ``checkpoint`` about what a run resumes
from, ``exports`` about other formats, ``folders`` about where they go; ``atomic`` and
``disk`` see to it that nothing is half written, ``hdf5`` that hostile files do no harm.
"""
