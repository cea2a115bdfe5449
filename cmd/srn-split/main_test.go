package main

import (
	"archive/zip"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"srn/pkg/cifar/cifartest"
	"srn/pkg/dataset"
	"srn/pkg/rng"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"srn-split":    main,
		"make-cifar":   makeCIFAR,
		"count-images": countImages,
		"make-images":  makeImages,
		"unzip-file":   unzipFile,
	})
}

func TestScripts(t *testing.T) {
	real := os.Getenv("SRN_CIFAR10")
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("SRN_CIFAR10", real)
			arrays, err := filepath.Abs("../../pkg/imageset/testdata/arrays.zip")
			e.Setenv("ARRAYS", arrays)
			return err
		},
		Condition: func(cond string) (bool, error) {
			if cond != "real" {
				return false, fmt.Errorf("no condition %q", cond)
			}
			return real != "", nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// exits runs a command that must end with the given exit code: CODE COMMAND ARG…
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// makeCIFAR writes a small archive or folder: DATASET VERSION IMAGES PATH.
func makeCIFAR() {
	n, err := strconv.Atoi(os.Args[3])
	if err == nil {
		s := cifartest.Spec{Dataset: os.Args[1], Python: os.Args[2] == "python", PerFile: n}
		err = cifartest.Write(os.Args[4], s.Files())
	}
	if err != nil {
		log.Fatal(err)
	}
}

// countImages loads a dataset file and prints the sizes of its splits.
func countImages() {
	d, err := dataset.Load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	log.Printf("%s %d = %d + %d, %d", d.Name, d.Train.Len(), len(d.MetaTrain), len(d.MetaVal), d.Test.Len())
}

// makeImages writes PNG files of random pixels below a folder, N of each of
// three classes for each part: FOLDER SIZE N PART…, "." for no parts.
func makeImages() {
	size, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	n, err := strconv.Atoi(os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	r := rng.New(uint64(len(os.Args[1]))) // other images in folders of other names
	for _, part := range os.Args[4:] {
		for _, class := range []string{"daisy", "rose", "tulip"} {
			dir := filepath.Join(os.Args[1], part, class)
			if err := os.MkdirAll(dir, 0o777); err != nil {
				log.Fatal(err)
			}
			for i := range n {
				m := image.NewRGBA(image.Rect(0, 0, size, size))
				for j := range m.Pix {
					m.Pix[j] = byte(r.Uint64()) | 0xff*byte(j%4/3)
				}
				f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.png", i)))
				if err == nil {
					err = errors.Join(png.Encode(f, m), f.Close())
				}
				if err != nil {
					log.Fatal(err)
				}
			}
		}
	}
}

// unzipFile writes members of an archive of test files here: ARCHIVE MEMBER….
func unzipFile() {
	z, err := zip.OpenReader(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range os.Args[2:] {
		b, err := fs.ReadFile(z, name)
		if err == nil {
			err = os.WriteFile(name, b, 0o666)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}
