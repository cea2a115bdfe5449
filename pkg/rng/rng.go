// Package rng is the random number generator of the whole toolset. It is
// counter-based: a number is a pure function of a seed, a stream and its
// position in the stream, so that an example's augmentation or a layer's
// initial weights do not depend on what was drawn before, by which thread, or
// in which run.
//
// The generator is Philox4x64-10 of Salmon et al., "Parallel random numbers:
// as easy as 1, 2, 3" (SC 2011). It is not for cryptography.
package rng

import (
	"hash/fnv"
	"math"
	"math/bits"
)

// Rand draws from one stream. It is a source of math/rand/v2 too. A Rand is
// used by one goroutine at a time; making one costs next to nothing.
type Rand struct {
	key     [2]uint64
	counter [4]uint64 // block number, then up to three stream numbers
	block   [4]uint64
	used    int // numbers of block already returned
	spare   float64
	spared  bool
}

// New returns the generator of the stream that seed and stream name. Streams
// that differ in the seed, in any number, or in how many there are, are
// independent. Use [Stream] for the first number, so that users of one seed
// do not meet:
//
//	r := rng.New(seed, rng.Stream("augment"), epoch, example)
func New(seed uint64, stream ...uint64) *Rand {
	r := new(Rand)
	r.Reset(seed, stream...)
	return r
}

// Reset makes r the generator that [New] returns, without allocating.
func (r *Rand) Reset(seed uint64, stream ...uint64) {
	r.key = [2]uint64{seed, uint64(len(stream))}
	for len(stream) > 3 {
		// What does not fit in a counter is folded into the key, in blocks
		// whose number no drawing reaches.
		out := philox(r.key, [4]uint64{math.MaxUint64, stream[0], stream[1], stream[2]})
		r.key = [2]uint64{out[0], out[1]}
		stream = stream[3:]
	}
	r.counter = [4]uint64{}
	copy(r.counter[1:], stream)
	r.used = len(r.block)
	r.spared = false
}

// Stream is the number that stands for a name: its 64-bit FNV-1a hash.
func Stream(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 {
	if r.used == len(r.block) {
		r.block = philox(r.key, r.counter)
		r.counter[0]++
		r.used = 0
	}
	v := r.block[r.used]
	r.used++
	return v
}

// Uint32 returns 32 random bits.
func (r *Rand) Uint32() uint32 { return uint32(r.Uint64() >> 32) }

// IntN returns a number from 0 to n-1, each equally likely. It panics if n is
// not positive.
func (r *Rand) IntN(n int) int {
	if n <= 0 {
		panic("rng: IntN of a number that is not positive")
	}
	// The high half of a 128-bit product is unbiased once the low halves that
	// occur once too often are rejected (Lemire 2019).
	hi, lo := bits.Mul64(r.Uint64(), uint64(n))
	if lo < uint64(n) {
		for excess := -uint64(n) % uint64(n); lo < excess; {
			hi, lo = bits.Mul64(r.Uint64(), uint64(n))
		}
	}
	return int(hi)
}

// Float64 returns a number from the multiples of 2⁻⁵³ in [0, 1).
func (r *Rand) Float64() float64 { return float64(r.Uint64()>>11) * 0x1p-53 }

// NormFloat64 returns a number from the standard normal distribution, by the
// transform of Box and Muller: two numbers of the stream make two results.
func (r *Rand) NormFloat64() float64 {
	if r.spared {
		r.spared = false
		return r.spare
	}
	radius := math.Sqrt(-2 * math.Log(1-r.Float64()))
	sin, cos := math.Sincos(2 * math.Pi * r.Float64())
	r.spare, r.spared = radius*sin, true
	return radius * cos
}

// Perm returns a random order of the numbers 0 to n-1.
func (r *Rand) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	r.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}

// Shuffle puts n things in random order by exchanging pairs of them.
func (r *Rand) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, r.IntN(i+1))
	}
}

// philox is one block of Philox4x64 with ten rounds.
func philox(key [2]uint64, c [4]uint64) [4]uint64 {
	const (
		mul0, mul1   = 0xD2E7470EE14C6C93, 0xCA5A826395121157
		weyl0, weyl1 = 0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B
		rounds       = 10
	)
	k0, k1 := key[0], key[1]
	for range rounds {
		hi0, lo0 := bits.Mul64(mul0, c[0])
		hi1, lo1 := bits.Mul64(mul1, c[2])
		c = [4]uint64{hi1 ^ c[1] ^ k0, lo1, hi0 ^ c[3] ^ k1, lo0}
		k0 += weyl0
		k1 += weyl1
	}
	return c
}
