// The convolutions of stride 1 of conv.cu on tensor cores. Filters come from
// filter_load_tf32.
#include "conv.cuh"
#include "tf32_product.cuh"

FORWARD(conv_tf32_16, 1, TF32Product<16, 256>)
FORWARD(conv_tf32_32, 1, TF32Product<32, 128>)
FORWARD(conv_tf32_64, 1, TF32Product<64, 64>)
