#!/usr/bin/env bash
# Builds `hamiltone-research` (its `train` is that of `hamiltone-training`) for NVIDIA GPUs on a
# machine with neither a GPU nor the CUDA toolkit: the compiler and its headers come from Python wheels (514 MB), the libraries are stand-ins
# with the right names, which the real ones replace where the program runs.
#
#   research/cuda/build.sh FOLDER [more for cargo build]
#
# FOLDER takes the wheels and the build; the program is FOLDER/target/release/hamiltone-research. It
# needs libcuda.so.1, libcurand.so.10, libcublas.so.13 and libcudart.so.13 where it runs (a PyTorch for
# CUDA 13 brings all but the first: LD_LIBRARY_PATH=…/site-packages/nvidia/cu13/lib).
# With the toolkit installed none of this is needed: cargo build --release -p hamiltone-research
# --features cuda.
set -euo pipefail
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../.."

# 13.0: drivers of the 580 series refuse the PTX of newer compilers.
wheels=(nvidia-cuda-nvcc nvidia-cuda-crt nvidia-cuda-runtime nvidia-cuda-cccl nvidia-nvvm nvidia-cuda-nvrtc)
if [ ! -e "$folder/venv/ready" ]; then
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet "${wheels[@]/%/==13.0.*}"
    touch "$folder/venv/ready"
fi
toolkit=$(echo "$folder"/venv/lib/python3*/site-packages/nvidia/cu13)

# A stand-in must have the functions that the program wants, or the linker leaves its name out. What is
# wanted is known when the program is linked once.
stubs=$toolkit/lib/stubs
stub() { # NAME VERSION PATTERN
    { grep -E "$3" "$folder/wanted" || true; } | sed 's/.*/void &(void) {}/' |
        cc -shared -fno-builtin -w -x c - -o "$stubs/lib$1.so" -Wl,-soname,"lib$1.so.$2"
}
make_stubs() {
    mkdir -p "$stubs"
    stub cublasLt 13 '^cublasLt'
    stub cublas 13 '^cublas($|[^L]|L[^t])'
    stub curand 10 '^curand'
    stub nvrtc 13 '^nvrtc'
    stub cuda 1 '^cu[A-Z]'
    ln -sf libcudart.so.13 "$toolkit/lib/libcudart.so"
}

export CUDA_HOME=$toolkit CUDA_PATH=$toolkit CUDA_ROOT=$toolkit CUDA_TOOLKIT_ROOT_DIR=$toolkit
export PATH=$toolkit/bin:$PATH NVCC=$toolkit/bin/nvcc
export CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-90} # Hopper; 80: A100, 89: RTX 40
export LIBRARY_PATH=$toolkit/lib:$stubs
export RUSTFLAGS="-C link-arg=-Wl,--unresolved-symbols=ignore-all -C link-arg=-Wl,--no-as-needed"
build() {
    cargo build --release -p hamiltone-research --features cuda --target-dir "$folder/target" "$@"
}

program=$folder/target/release/hamiltone-research
touch "$folder/wanted"
make_stubs
build "$@"
nm --dynamic --undefined-only "$program" | awk '{ print $2 }' | sed 's/@.*//' |
    grep -E '^(cu|nvrtc)' | grep -vE '^cuda[A-Z]' | sort --unique > "$folder/wanted"
make_stubs
touch research/src/main.rs # links again
build "$@"
echo "$program"
