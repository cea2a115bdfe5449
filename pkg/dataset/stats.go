package dataset

import "math"

// Normalise sets Mean and Std from the training images.
func (d *Data) Normalise() {
	d.Mean, d.Std = moments(d.Train.Pixels)
}

// moments is the mean and population standard deviation of each channel over
// all pixels, scaled to 0…1. Sums are of integers and thus exact. A channel
// that does not vary has the deviation of half a step, so that dividing by it
// is harmless.
func moments(pixels []byte) (mean, std [3]float32) {
	var sum, squares [3]uint64
	for i := 0; i+3 <= len(pixels); i += 3 {
		p := (*[3]byte)(pixels[i:])
		r, g, b := uint64(p[0]), uint64(p[1]), uint64(p[2])
		sum[0] += r
		sum[1] += g
		sum[2] += b
		squares[0] += r * r
		squares[1] += g * g
		squares[2] += b * b
	}
	n := float64(len(pixels) / 3)
	for c := range sum {
		m := float64(sum[c]) / n
		v := float64(squares[c])/n - m*m
		mean[c] = float32(m / 255)
		std[c] = float32(math.Sqrt(max(v, .25)) / 255)
	}
	return mean, std
}
