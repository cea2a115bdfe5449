package cpu

// strip is the number of columns that the plain Go products keep in
// registers at a time.
const strip = 8

func genericGemm(g *Gemm) {
	g.check()
	for b := range g.Batch {
		for i := range g.M {
			c0 := b*g.BatchC + i*g.LdC
			for j := 0; j < g.N; j += Lanes {
				c := (*[Lanes]float32)(g.C[c0+j:])
				var sum [Lanes]float32 // stored at the end: C may be A
				if g.Accumulate {
					sum = *c
				}
				if g.K > 0 {
					for s := range g.Segments {
						a0 := b*g.BatchA + i*g.LdA + s*g.SegA
						for k := 0; k < Lanes; k += strip {
							dotStrip((*[strip]float32)(sum[k:]), g.A[a0:a0+g.K], 1, g.B[b*g.BatchB+s*g.K*g.LdB+j+k:], g.LdB, g.K)
						}
					}
				}
				if g.Coef != nil {
					shift, scale := (*[Lanes]float32)(g.Coef[j:]), (*[Lanes]float32)(g.Coef[g.N+j:])
					for n := range sum {
						sum[n] = positive(shift[n] + scale[n]*sum[n])
					}
				}
				*c = sum
			}
		}
	}
}

func genericGemmT(g *GemmT) {
	g.check()
	if g.K == 0 {
		return
	}
	for b := range g.Batch {
		for i := range g.M {
			c0 := b*g.BatchC + i*g.LdC
			for j := 0; j < g.N; j += strip {
				c := (*[strip]float32)(g.C[c0+j:])
				for s := range g.Segments {
					dotStrip(c, g.A[b*g.BatchA+s*g.SegA+i:], g.LdA, g.B[b*g.BatchB+s*g.SegB+j:], g.LdB, g.K)
				}
			}
		}
	}
}

// dotStrip adds Σ_k a[k·lda]·b[k·ldb + j] to sum[j].
func dotStrip(sum *[strip]float32, a []float32, lda int, b []float32, ldb, k int) {
	s0, s1, s2, s3 := sum[0], sum[1], sum[2], sum[3]
	s4, s5, s6, s7 := sum[4], sum[5], sum[6], sum[7]
	ia, ib := 0, 0
	for range k {
		x, r := a[ia], (*[strip]float32)(b[ib:])
		s0 += x * r[0]
		s1 += x * r[1]
		s2 += x * r[2]
		s3 += x * r[3]
		s4 += x * r[4]
		s5 += x * r[5]
		s6 += x * r[6]
		s7 += x * r[7]
		ia += lda
		ib += ldb
	}
	*sum = [strip]float32{s0, s1, s2, s3, s4, s5, s6, s7}
}
