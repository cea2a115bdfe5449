package cuda

// Filter is a convolution's filter w (out×in×taps) with what its passes read.
type Filter struct {
	Forward, Backward, W Ptr // Backward may be absent
	In, Out              int
	TF32                 bool // rounded for tensor cores
}

// mostFilters is how many filters a launch prepares.
const mostFilters = 9

// LoadFilters prepares filters for the forward passes and for the gradients in
// the inputs, several in a launch.
func LoadFilters(taps int, list ...Filter) []Launch {
	var plain, rounded []Filter
	for _, f := range list {
		if f.TF32 {
			rounded = append(rounded, f)
		} else {
			plain = append(plain, f)
		}
	}
	return append(loadFilters("filter_load", taps, plain), loadFilters("filter_load_tf32", taps, rounded)...)
}

func loadFilters(kernel string, taps int, list []Filter) []Launch {
	var launches []Launch
	for len(list) > 0 {
		some := list[:min(mostFilters, len(list))]
		list = list[len(some):]
		args, largest := []any{taps}, 0
		for i := range mostFilters {
			var f Filter
			if i < len(some) {
				f = some[i]
			}
			args = append(args, f.Forward, f.Backward, f.W, f.In, f.Out)
			largest = max(largest, taps*f.In*f.Out)
		}
		launches = append(launches, launch(kernel, [3]int{blocks(largest, threads), len(some), 1}, threads, 0, args...))
	}
	return launches
}
