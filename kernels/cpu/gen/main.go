// Command gen writes the assembly kernels of package cpu and the Go
// declarations of their functions. AVX-512 and AVX2 come from one description
// each; run it by go generate in kernels/cpu.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"log"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: gen folder")
	}
	all, err := files()
	if err != nil {
		log.Fatal(err)
	}
	for name, content := range all {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// files returns the content of every generated file by name.
func files() (map[string][]byte, error) {
	families := []struct {
		name  string
		write func(*assembler)
	}{
		{"gemm", writeGemm},
		{"winograd", writeWinograd},
		{"stride2", writeStride2},
		{"stride2_grad", writeStride2Grad},
		{"fourier", writeFourier},
		{"combine", writeCombine},
		{"sums", writeSums},
		{"vectors", writeVectors},
	}
	all := map[string][]byte{}
	for _, s := range []isa{avx512, avx2} {
		var decls bytes.Buffer
		decls.WriteString(generated + "package cpu\n")
		for _, f := range families {
			a := newAssembler(s, f.name+"Constants")
			f.write(a)
			all[fmt.Sprintf("%s_%s_amd64.s", f.name, s.file)] = a.source()
			decls.Write(a.decls.Bytes())
		}
		formatted, err := format.Source(decls.Bytes())
		if err != nil {
			return nil, err
		}
		all[fmt.Sprintf("stubs_%s_amd64.go", s.file)] = formatted
	}
	return all, nil
}
