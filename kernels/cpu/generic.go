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
	Stride2Input:       genericStride2Input,
	Stride2Output:      genericStride2Output,
	Stride2Activate:    genericStride2Activate,
	Stride2Filter:      genericStride2Filter,
	Stride2OutputGrad:  genericStride2OutputGrad,
	Stride2InputGrad:   genericStride2InputGrad,
	Stride2InputTile:   genericStride2InputTile,
	Stride2FilterGrad:  genericStride2FilterGrad,
	FourierInput:       genericFourierInput,
	FourierOutput:      genericFourierOutput,
	Combine:            genericCombine,
	Sums:               genericSums,
	Dot:                genericDot,
	SGD:                genericSGD,
}
