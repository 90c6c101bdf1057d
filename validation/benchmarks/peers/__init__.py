"""The programs pdekit is compared with: one file each, run by its own interpreter.

Three environments hold them all (Debian; the last needs a compiler, FFTW and MPI):

    python -m venv peers && peers/bin/pip install torch==2.13.0
    peers/bin/pip install exponax==0.2.0 jax-cfd==0.2.1 torch-cfd==0.2.6 py-pde==0.59.0
    apt-get install libfftw3-dev libfftw3-mpi-dev libopenmpi-dev openmpi-bin
    python -m venv peers-fluid
    peers-fluid/bin/pip install fluidsim==26.10.0 fluidfft==0.4.5 fluidfft-fftw pyfftw
    python -m venv peers-mpi
    peers-mpi/bin/pip install cython numpy mpi4py pyyaml sympy numba
    export FFTW_PATH=/usr FFTW_ROOT=/usr FFTW_INCLUDE_PATH=/usr/include
    export FFTW_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu
    export MPI_PATH=/usr/lib/x86_64-linux-gnu/openmpi
    export MPI_INCLUDE_PATH=$MPI_PATH/include
    export MPI_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu
    peers-mpi/bin/pip install --no-binary mpi4py-fft mpi4py-fft shenfun==4.3.0
    CC=mpicc peers-mpi/bin/pip install dedalus==3.0.5

The scripts import each other by bare names, because pdekit is not installed there.
"""
