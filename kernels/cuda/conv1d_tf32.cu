// The layers of conv1d.cu on tensor cores, forward and gradient in the input.
// Filters come from filter_load_tf32.
#include "conv1d.cuh"
#include "tf32_product.cuh"

CONV1D(conv1d_tf32_16, TF32Product<16, 256>)
CONV1D(conv1d_tf32_32, TF32Product<32, 256>)
CONV1D(conv1d_tf32_64, TF32Product<64, 128>)
