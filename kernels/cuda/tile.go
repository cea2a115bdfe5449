package cuda

import "fmt"

// tile says how a convolution's outputs are cut into tiles of 2^logImages
// images × 2^logHeight rows × 2^logWidth columns, and what patch of the input
// a tile reads.
type tile struct {
	logImages, logHeight, logWidth int
	patchHeight, patchWidth        int
}

func (t tile) pixels() int { return 1 << (t.logImages + t.logHeight + t.logWidth) }

func (t tile) positions() int { return t.patchHeight * t.patchWidth << t.logImages }

// planeTile chooses a tile of the given number of outputs, a power of two, for
// images of the given size: the one that wastes fewest outputs, then reads
// the fewest positions. A patch has reach(n) rows for n rows of outputs. Patches
// of more than limit positions are not considered; ok tells whether any is left.
func planeTile(pixels, size, limit int, reach func(n int) int) (best tile, ok bool) {
	cost := func(t tile) (int, int) {
		w, h := 1<<t.logWidth, 1<<t.logHeight
		return blocks(size, w) * w * blocks(size, h) * h, t.positions()
	}
	for logWidth := 2; logWidth <= 5; logWidth++ {
		for logHeight := 2; 1<<(logHeight+logWidth) <= pixels; logHeight++ {
			t := tile{logHeight: logHeight, logWidth: logWidth, patchHeight: reach(1 << logHeight), patchWidth: reach(1 << logWidth)}
			for t.pixels() < pixels {
				t.logImages++
			}
			if t.positions() > limit {
				continue
			}
			covered, positions := cost(t)
			if c, p := cost(best); !ok || covered < c || covered == c && positions < p {
				best, ok = t, true
			}
		}
	}
	return best, ok
}

// plane is the parameters PLANE of patch.cuh, and the number of tiles.
func (t tile) plane(images, inSize, outSize, tiledSize int) (args []any, tiles int) {
	down, across := blocks(tiledSize, 1<<t.logHeight), blocks(tiledSize, 1<<t.logWidth)
	tiles = blocks(images, 1<<t.logImages) * down * across
	return []any{images, inSize, outSize, t.logImages, t.logHeight, t.logWidth, t.patchHeight, t.patchWidth,
		magic(t.patchHeight), magic(t.patchWidth), down, across}, tiles
}

// magic is what numbers are multiplied by to be divided by n, after a shift by
// 16 bits. It holds as long as number·n < 2^16.
func magic(n int) int { return (1<<16 + n - 1) / n }

// mostShared is how much shared memory a block can have on every card.
const mostShared = 48 << 10

func checkShared(kernel string, bytes int) int {
	if bytes > mostShared {
		panic(fmt.Sprintf("cuda: %s would need %d bytes of shared memory", kernel, bytes))
	}
	return bytes
}
