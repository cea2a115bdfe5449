// What a block of a convolution reads of its input: a patch of positions,
// those of a tile of outputs and the border that the taps reach. It is read
// once for all taps, eight channels at a time.
//
// A geometry says which pixels these are. It has
//
//	positions           in the patch
//	taps                of one stage: the taps that share a patch
//	groups              of taps, where a kernel has more
//	source(p, group)    the pixel at position p, or −1 where it is padding
//	slot(m)             where the first tap of output m of the tile reads
//	offset(t)           how much further tap t reads
//	weight(t, group)    the tap's index in the prepared filter, or −1
//	target(m)           the pixel of output m, or −1 outside
#pragma once
#include "common.cuh"

// Plane is a tile of 2^images × 2^height × 2^width output pixels, and a patch
// with `patchHeight` rows of `patchWidth` pixels for each of its images.
struct Plane {
  int image, y, x;  // of the tile's first output
  int images, inSize, outSize;
  int logHeight, logWidth;
  int patchHeight, patchWidth;
  int magicHeight, magicWidth;  // ⌈2^16/patchHeight⌉: division by multiplication

  // locate splits a position into image, row and column of the patch.
  __device__ __attribute__((always_inline)) void locate(int p, int *i, int *row, int *column) const {
    int r = p * magicWidth >> 16;
    *column = p - r * patchWidth;
    *i = r * magicHeight >> 16;
    *row = r - *i * patchHeight;
  }

  __device__ __attribute__((always_inline)) int pixel(int i, int row, int column, int size) const {
    bool inside = image + i < images && unsigned(row) < unsigned(size) && unsigned(column) < unsigned(size);
    return inside ? ((image + i) * size + row) * size + column : -1;
  }

  __device__ __attribute__((always_inline)) void split(int m, int *i, int *row, int *column) const {
    *column = m & ((1 << logWidth) - 1);
    *row = m >> logWidth & ((1 << logHeight) - 1);
    *i = m >> (logWidth + logHeight);
  }
};

// PLANE declares the parameters that describe tiles; plane(tile) makes the one
// of that number. Tiles are counted along x, then y, then images.
#define PLANE \
  int images, int inSize, int outSize, int logImages, int logHeight, int logWidth, int patchHeight, int patchWidth, \
      int magicHeight, int magicWidth, int tilesDown, int tilesAcross
#define plane(tile) \
  makePlane(tile, images, inSize, outSize, logImages, logHeight, logWidth, patchHeight, patchWidth, magicHeight, \
            magicWidth, tilesDown, tilesAcross)

DEVICE Plane makePlane(int tile, PLANE) {
  Plane g;
  int row = tile / tilesAcross;
  g.x = (tile - row * tilesAcross) << logWidth;
  int image = row / tilesDown;
  g.y = (row - image * tilesDown) << logHeight;
  g.image = image << logImages;
  g.images = images, g.inSize = inSize, g.outSize = outSize;
  g.logHeight = logHeight, g.logWidth = logWidth;
  g.patchHeight = patchHeight, g.patchWidth = patchWidth;
  g.magicHeight = magicHeight, g.magicWidth = magicWidth;
  return g;
}

// Conv3x3 is a 3×3 convolution with padding 1 and the given stride. With
// stride 2 the patch holds even columns before odd ones, so that neighbouring
// outputs read neighbouring positions.
template <int STRIDE> struct Conv3x3 : Plane {
  int positions;

  static constexpr int taps = 9, groups = 1;

  __device__ __attribute__((always_inline)) Conv3x3(const Plane &g, int logImages)
      : Plane(g), positions((g.patchHeight * g.patchWidth) << logImages) {}

  __device__ __attribute__((always_inline)) int source(int p, int) const {
    int i, row, column;
    locate(p, &i, &row, &column);
    int even = (patchWidth + 1) / 2;
    if (STRIDE == 2) column = column < even ? 2 * column : 2 * (column - even) + 1;
    return pixel(i, y * STRIDE - 1 + row, x * STRIDE - 1 + column, inSize);
  }
  __device__ __attribute__((always_inline)) int slot(int m) const {
    int i, row, column;
    split(m, &i, &row, &column);
    return (i * patchHeight + row * STRIDE) * patchWidth + column;
  }
  __device__ __attribute__((always_inline)) int offset(int t) const {
    int row = t / 3, column = t - 3 * row;
    if (STRIDE == 2) column = (column >> 1) + (column & 1) * ((patchWidth + 1) / 2);
    return row * patchWidth + column;
  }
  __device__ __attribute__((always_inline)) int weight(int t, int) const { return t; }
  __device__ __attribute__((always_inline)) int target(int m) const {
    int i, row, column;
    split(m, &i, &row, &column);
    return pixel(i, y + row, x + column, outSize);
  }
};

// Parity is the part of a stride-2 convolution's gradient in its input at
// pixels (2q+py, 2r+px). Along an axis even ones are reached by tap 1 from
// output q, odd ones by tap 2 from output q and tap 0 from output q+1. Here
// outputs are the input's pixels of one parity, inSize is that of y and outSize
// that of x; the filter is flipped.
struct Parity : Plane {
  int positions, taps, py, px;

  static constexpr int groups = 1;

  __device__ __attribute__((always_inline)) Parity(const Plane &g, int logImages, int parity)
      : Plane(g), positions((g.patchHeight * g.patchWidth) << logImages), py(parity >> 1), px(parity & 1) {
    taps = (1 + py) * (1 + px);
  }

  __device__ __attribute__((always_inline)) int source(int p, int) const {
    int i, row, column;
    locate(p, &i, &row, &column);
    return pixel(i, y + row, x + column, inSize);
  }
  __device__ __attribute__((always_inline)) int slot(int m) const {
    int i, row, column;
    split(m, &i, &row, &column);
    return (i * patchHeight + row) * patchWidth + column;
  }
  __device__ __attribute__((always_inline)) int offset(int t) const { return (t >> px) * patchWidth + (t & px); }
  __device__ __attribute__((always_inline)) int weight(int t, int) const {
    int row = py ? 2 - 2 * (t >> px) : 1, column = px ? 2 - 2 * (t & px) : 1;
    return 8 - (3 * row + column);
  }
  __device__ __attribute__((always_inline)) int target(int m) const {
    int i, row, column;
    split(m, &i, &row, &column);
    return pixel(i, 2 * (y + row) + py, 2 * (x + column) + px, outSize);
  }
};

// Line is a run of outputs of a one-dimensional convolution, whose taps are
// handled in groups of nine. The input holds the positions inFirst to inEnd−1
// of the sequence and is taken to be zero elsewhere, the output outFirst to
// outEnd−1.
struct Line {
  int positions, groups, kernel, half;
  int first, inFirst, inEnd, outFirst, outEnd;

  static constexpr int taps = 9;

  __device__ __attribute__((always_inline)) int source(int p, int group) const {
    int at = first + p + 9 * group - half;
    return at >= inFirst && at < inEnd ? at - inFirst : -1;
  }
  __device__ __attribute__((always_inline)) int slot(int m) const { return m; }
  __device__ __attribute__((always_inline)) int offset(int t) const { return t; }
  __device__ __attribute__((always_inline)) int weight(int t, int group) const {
    return 9 * group + t < kernel ? 9 * group + t : -1;
  }
  __device__ __attribute__((always_inline)) int target(int m) const {
    return first + m < outEnd ? first + m - outFirst : -1;
  }
};
