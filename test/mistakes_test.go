package test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"srn/pkg/artifact"
	"srn/pkg/checkpoint"
	"srn/pkg/cifar/cifartest"
)

var update = flag.Bool("update", false, "write the messages that TestMistakes gets into its file")

// TestMistakes makes the mistakes listed in testdata/mistakes.txt, each a
// command line after "$ ", and compares the exit code and all of standard
// error with what stands below it. Every message must have a hint, or say by
// itself what is wanted, and nothing may be written.
func TestMistakes(t *testing.T) {
	needInputs(t)
	dir := t.TempDir()
	mistakenFiles(t, dir)
	before := contents(t, dir)

	const file = "testdata/mistakes.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	mistakes := 0
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		var comment []string
		var line, want string
		for l := range strings.Lines(block) {
			switch {
			case strings.HasPrefix(l, "#"):
				comment = append(comment, l)
			case strings.HasPrefix(l, "$ "):
				line = strings.TrimSpace(l[2:])
			default:
				want += l
			}
		}
		got.WriteString(strings.Join(comment, ""))
		if line == "" {
			got.WriteString("\n")
			continue
		}
		mistakes++
		code, stderr := run(t, dir, line)
		stderr = strings.ReplaceAll(stderr, inputs+"/", "IN/")
		result := fmt.Sprintf("exit %d\n%s", code, stderr)
		fmt.Fprintf(&got, "$ %s\n%s\n", line, result)
		if strings.TrimSpace(result) != strings.TrimSpace(want) && !*update {
			t.Errorf("$ %s\ngot  %s\nwant %s", line, result, want)
		}
		if code <= 0 || code != 2 && !strings.Contains(stderr, "hint: ") && !strings.Contains(stderr, "; ") {
			t.Errorf("$ %s\nexit code %d without a hint: %s", line, code, stderr)
		}
	}
	if mistakes < 60 {
		t.Errorf("%d mistakes, want at least 60", mistakes)
	}
	sameContents(t, "after all mistakes", contents(t, dir), before)
	if *update {
		if err := os.WriteFile(file, []byte(strings.TrimSpace(got.String())+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// zipped is a member of an archive of test files.
func zipped(t *testing.T, path, name string) []byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	b, err := fs.ReadFile(z, name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mistakenFiles makes files that users give by mistake.
func mistakenFiles(t *testing.T, dir string) {
	t.Helper()
	write := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(inputs, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(filepath.Join(dir, "folder"), 0o777))
	write("notes.txt", []byte("dear diary\n"))
	write("empty", nil)
	write("cut.safetensors.zst", read("net.safetensors.zst")[:100_000])
	write("cut-data.safetensors.zst", read("data.safetensors.zst")[:200_000])
	write("weights.pt", []byte("PK\x03\x04 a state dict as torch.save writes it, which is a zip archive"))
	write("model.h5", []byte("\x89HDF\r\n\x1a\n and so on"))
	write("page.tar.gz", []byte("<!DOCTYPE html><title>404 Not Found</title>"))
	for _, name := range []string{"script.pt", "complex.pt", "several.pt", "tensor.pt", "trained.pt", "several.th"} {
		write(name, zipped(t, "../pkg/torchfile/testdata/torch2.zip", name))
	}
	whole := zipped(t, "../pkg/torchfile/testdata/torch2.zip", "trained.pt")
	write("cut.pt", whole[:len(whole)/2])
	whole = zipped(t, "../pkg/torchfile/testdata/torch2.zip", "trained.th")
	write("cut.th", whole[:len(whole)-1])
	write("array.npy", zipped(t, "../pkg/npy/testdata/arrays-numpy2.zip", "f4.npy"))
	write("arrays.npz", zipped(t, "../pkg/npy/testdata/arrays-numpy2.zip", "stored.npz"))
	write("batch.pkl", zipped(t, "../pkg/cifar/testdata/batches-numpy2.zip", "text-4"))
	write("page.pth", []byte("<!DOCTYPE html><title>404 Not Found</title>"))
	write("pointer.pth", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:12fca82f\nsize 1099231\n"))
	write("model.gguf", []byte("GGUF\x03\x00\x00\x00"))
	write("figure.png", []byte("\x89PNG\r\n\x1a\n"))
	write("broken.json", []byte("{\"type\":\"header\",\"tool\":\"srn-eval\",\"version\":\"1\",\"schema\":2,\"seed\":0,\"config\":{},\"inputs\":[]}\n{\"type\":\"epoch\",\"epoch\":1\n{}\n"))
	write("other.json", []byte("{\"loss\":1}\n"))
	write("newer.jsonl", []byte("{\"type\":\"header\",\"tool\":\"srn-fit\",\"version\":\"v9.0\",\"schema\":9}\n"))
	write("wandb.json", []byte("{\"type\":\"header\",\"tool\":\"wandb\",\"version\":\"1\",\"schema\":2,\"seed\":0,\"config\":{},\"inputs\":[]}\n"))

	for _, spec := range []cifartest.Spec{{Dataset: "cifar10", PerFile: 20}, {Dataset: "cifar100", PerFile: 100}} {
		archive := filepath.Join(dir, spec.Dataset+".tar.gz")
		must(cifartest.Write(archive, spec.Files()))
		mustRun(t, dir, fmt.Sprintf("srn-split --dataset %s --data %s.tar.gz --allow-partial -o %[1]s.safetensors.zst", spec.Dataset, spec.Dataset))
		b, err := os.ReadFile(archive)
		must(err)
		write("cut-"+spec.Dataset+".tar.gz", b[:len(b)/2])
	}
	mustRun(t, dir, "srn-split --dataset synthetic --synthetic-train 100 --synthetic-test 40 --val-fraction 0 -o noval.safetensors.zst")
	mustRun(t, dir, "srn-fit -q --data cifar100.safetensors.zst --arch resnet8 --epochs 1 --batch 50 -o hundred.safetensors.zst")

	// Checkpoints of PyTorch, of another time, with holes.
	net, err := artifact.Read(filepath.Join(inputs, "net.safetensors.zst"), artifact.Limits{})
	must(err)
	change := func(name string, edit func(*artifact.File)) {
		f, err := artifact.Read(filepath.Join(inputs, "net.safetensors.zst"), artifact.Limits{})
		must(err)
		edit(f)
		must(artifact.Write(filepath.Join(dir, name), f))
	}
	change("foreign.safetensors", func(f *artifact.File) { f.Metadata = map[string]string{"format": "pt"} })
	change("future.safetensors", func(f *artifact.File) { f.Metadata["format"] = "srn-checkpoint/9" })
	change("missing.safetensors", func(f *artifact.File) { f.Tensors = f.Tensors[1:] })
	change("renamed.safetensors", func(f *artifact.File) {
		for i := range f.Tensors {
			f.Tensors[i].Name = "backbone_" + f.Tensors[i].Name
		}
		f.Metadata = nil
	})
	add := func(f *artifact.File, name string, shape ...int) {
		f.Metadata = nil
		f.Tensors = append(f.Tensors, artifact.Float32(name, shape, make([]float32, artifact.Tensor{Shape: shape}.Len())))
	}
	change("option-b.safetensors", func(f *artifact.File) {
		add(f, "layer2.0.downsample.0.weight", 32, 16, 1, 1)
		add(f, "layer2.0.downsample.1.weight", 32)
	})
	change("two-heads.safetensors", func(f *artifact.File) { add(f, "projection.weight", 64, 64) })
	change("average.safetensors", func(f *artifact.File) {
		for i := range f.Tensors {
			f.Tensors[i].Name = "module." + f.Tensors[i].Name
		}
		add(f, "n_averaged")
	})
	change("other-head.safetensors", func(f *artifact.File) {
		for i := range f.Tensors {
			f.Tensors[i].Name = strings.Replace(f.Tensors[i].Name, "linear.", "head.0.", 1)
		}
		f.Metadata = nil
	})
	change("wide.safetensors", func(f *artifact.File) {
		for i, x := range f.Tensors {
			if x.Name == "conv1.weight" {
				f.Tensors[i] = artifact.Float32(x.Name, []int{64, 3, 3, 3}, make([]float32, 64*27))
			}
		}
		f.Metadata = nil
	})
	change("integers.safetensors", func(f *artifact.File) {
		for i, x := range f.Tensors {
			if x.Name == "linear.bias" {
				f.Tensors[i].DType = artifact.I32
			}
		}
		f.Metadata = nil
	})
	change("negative-std.safetensors", func(f *artifact.File) { f.Metadata["std"] = "0.2,-0.2,0.2" })
	change("nan.safetensors", func(f *artifact.File) {
		for _, x := range f.Tensors {
			if x.Name == "linear.bias" {
				binary.LittleEndian.PutUint32(x.Data, 0x7fc00000)
			}
		}
	})
	var twice bytes.Buffer
	must(artifact.Encode(&twice, net))
	write("tail.safetensors", append(twice.Bytes(), 0))
	write("twins.safetensors", append(binary.LittleEndian.AppendUint64(nil, 123),
		[]byte(fmt.Sprintf("%-123s\x00", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`))...))
	old, err := artifact.Read(filepath.Join(inputs, "data.safetensors.zst"), artifact.Limits{})
	must(err)
	old.Metadata["format"] = "srn-data/0"
	must(artifact.Write(filepath.Join(dir, "old-data.safetensors.zst"), old))
	if _, err := checkpoint.Load(filepath.Join(dir, "hundred.safetensors.zst"), checkpoint.Overrides{}); err != nil {
		t.Fatal(err)
	}

	// A run that was interrupted: its state lies beside what is not there yet.
	cmd := command(dir, words("srn-fit -q --data IN/data.safetensors.zst --arch resnet8 --epochs 1000 --batch 50 -o stopped.safetensors.zst --metrics stopped.jsonl")...)
	interruptAfterState(t, cmd, filepath.Join(dir, "stopped.safetensors.zst.state"))
	write("another.jsonl.zst", read("fit.jsonl.zst"))
	for name, edit := range map[string]func(*artifact.File){
		"unrecorded": func(f *artifact.File) { f.Metadata["epoch"], f.Metadata["records"] = "3", "none" },
		"beyond":     func(f *artifact.File) { f.Metadata["epoch"] = "1001" },
	} {
		f, err := artifact.Read(filepath.Join(dir, "stopped.safetensors.zst.state"), artifact.Limits{})
		must(err)
		edit(f)
		must(artifact.Write(filepath.Join(dir, name+".safetensors.zst.state"), f))
	}
	cmd = command(dir, words("srn-meta -q --data IN/data.safetensors.zst --arch resnet8 --rounds 1000 --inner-epochs 1 --inner-n 16 --outer-n 16 --channels 16 -o stopped-srn.safetensors.zst")...)
	interruptAfterState(t, cmd, filepath.Join(dir, "stopped-srn.safetensors.zst.state"))
	write("damaged.safetensors.zst.state", []byte("not a state"))
}
