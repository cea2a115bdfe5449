package cuda

const (
	threads   = 256
	dotBlocks = 256 // results depend on it
)

// DotScratch is the number of bytes of scratch memory for [Dot].
const DotScratch = 8 * dotBlocks

// shareGrid is the grid of a sum over n elements.
func shareGrid(n int) [3]int { return [3]int{min(dotBlocks, max(1, blocks(n, threads))), 1, 1} }

// Fill sets n elements to value.
func Fill(dst Ptr, value float32, n int) Launch {
	return launch("vector_fill", across(n, threads), threads, 0, dst, value, int64(n))
}

// Copy copies n elements.
func Copy(dst, src Ptr, n int) Launch {
	return launch("vector_copy", across(n, threads), threads, 0, dst, src, int64(n))
}

// Scale multiplies n elements by a.
func Scale(x Ptr, a float32, n int) Launch {
	return launch("vector_scale", across(n, threads), threads, 0, x, a, int64(n))
}

// Axpy adds a·x to y.
func Axpy(y Ptr, a float32, x Ptr, n int) Launch {
	return launch("vector_axpy", across(n, threads), threads, 0, y, a, x, int64(n))
}

// Multiply multiplies n elements of x by those of by.
func Multiply(x, by Ptr, n int) Launch {
	return launch("vector_multiply", across(n, threads), threads, 0, x, by, int64(n))
}

// SGD takes one step of stochastic gradient descent, see device.Vectors.
func SGD(p, v, g Ptr, lr, momentum, weightDecay float32, n int) Launch {
	return launch("vector_sgd", across(n, threads), threads, 0, p, v, g, lr, momentum, weightDecay, int64(n))
}

// Dot computes ⟨x, y⟩ into one float64 at result.
func Dot(result, scratch, x, y Ptr, n int) [2]Launch {
	grid := shareGrid(n)
	return [2]Launch{
		launch("vector_dot", grid, threads, 8*threads, scratch, x, y, int64(n)),
		launch("vector_total", [3]int{1, 1, 1}, threads, 8*threads, result, scratch, grid[0]),
	}
}
