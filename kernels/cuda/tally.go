package cuda

// SquaresLen is the number of bytes of one vector's [Squares].
const SquaresLen = 8 * dotBlocks

// Vector is an array of float32.
type Vector struct {
	At Ptr
	N  int
}

// mostSquares is how many vectors share a launch.
const mostSquares = 4

// Squares computes shares of each vector's Σ x² as float64, whose sum is that of
// [Dot]: 256, or as many as there are blocks in a short vector.
func Squares(shares Ptr, vectors ...Vector) []Launch {
	var launches []Launch
	for first := 0; first < len(vectors); first += mostSquares {
		some := vectors[first:min(first+mostSquares, len(vectors))]
		args, largest := []any{shares.Bytes(SquaresLen * first)}, 0
		for i := range mostSquares {
			var v Vector
			if i < len(some) {
				v = some[i]
			}
			args = append(args, v.At, int64(v.N))
			largest = max(largest, v.N)
		}
		grid := shareGrid(largest)
		grid[1] = len(some)
		launches = append(launches, launch("vector_squares", grid, threads, 8*threads, args...))
	}
	return launches
}

// TallyLen is the number of float64 of a [Tally]: the sums of losses, of right
// predictions and of the gradient's norms; the first faulty step, or 0, and
// what in it is not finite: 0 for losses or gradient, else the vector's number.
const TallyLen = 5

// Tally adds a step to a tally, from its images and the [Squares] of its
// gradient and of other vectors, 256 each, where those that there are not are 0.
// Without labels right predictions are not counted; byStep sums the step's losses
// by themselves.
func Tally(sums, squares Ptr, vectors int, loss, logits, labels Ptr, classes, images int, byStep bool, step int) Launch {
	return launch("tally", [3]int{1, 1, 1}, threads, 8*threads, sums, squares, vectors, loss, logits, labels, classes, images, flag(byStep), step)
}

// Blend adds factor·x to y, or such a multiple that its norm is a share of
// y's, and the ratio of both norms to the float64 at ratios. chosen is a float32.
func Blend(ratios, chosen, scratch, y, x Ptr, xNorm, factor, share float64, n int) [3]Launch {
	return [3]Launch{
		launch("vector_dot", shareGrid(n), threads, 8*threads, scratch, y, y, int64(n)),
		launch("blend_factor", [3]int{1, 1, 1}, threads, 8*threads, ratios, chosen, scratch, shareGrid(n)[0], xNorm, factor, share),
		launch("blend_add", across(n, threads), threads, 0, y, chosen, x, int64(n)),
	}
}
