package cpu

// generic is the set in plain Go. It runs everywhere and is the reference
// that the assembly is read against.
var generic = Set{
	Name:               "generic",
	Gemm:               genericGemm,
	GemmT:              genericGemmT,
	WinogradInput:      genericWinogradInput,
	WinogradOutput:     genericWinogradOutput,
	WinogradActivate:   genericWinogradActivate,
	WinogradGrad:       genericWinogradGrad,
	WinogradFilter:     genericWinogradFilter,
	WinogradFilterGrad: genericWinogradFilterGrad,
	FourierInput:       genericFourierInput,
	FourierOutput:      genericFourierOutput,
	Combine:            genericCombine,
	Sums:               genericSums,
	Dot:                genericDot,
	SGD:                genericSGD,
}
