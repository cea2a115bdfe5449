package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"

	kernels "srn/kernels/cpu"
	"srn/pkg/dataset"
	"srn/pkg/device"
	"srn/pkg/device/open"
)

// bench is what all parts share.
type bench struct {
	options
	kernels *kernels.Set
	name    string // of the device
	data    *dataset.Data
	peer    *peer  // nil: absent
	dir     string // for files, removed at the end
	pixels  string // files of the training images for the peer
	labels  string
}

func newBench(o options, messages io.Writer) (b *bench, err error) {
	b = &bench{options: o}
	if b.kernels, err = kernels.Select(); err != nil {
		return nil, err
	}
	be, err := open.Backend(o.device, 1)
	if err != nil {
		return nil, err
	}
	b.name = be.Name()
	be.(backend).Close()
	if b.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if b.data, err = o.load(); err != nil {
		return nil, err
	}
	if o.python == "" {
		return b, nil
	}
	if err := exec.Command(o.python, "-c", "import torch, numpy").Run(); err != nil {
		fmt.Fprintf(messages, "bench: %s has no PyTorch, so that ours is measured alone;\n  %s\n", o.python, peerHint)
		return b, nil
	}
	if b.peer, err = startPeer(o.python, o.script, o.device); err != nil {
		return nil, err
	}
	return b, b.hand()
}

// load reads the data artifact, or draws images.
func (o options) load() (*dataset.Data, error) {
	if o.data != "" {
		return dataset.Load(o.data)
	}
	d, err := dataset.Synthetic(o.images, max(o.images/10, 10), 0)
	if err == nil {
		d.Normalise()
		err = d.Part(0.1, 0)
	}
	return d, err
}

// hand gives the peer the training images.
func (b *bench) hand() error {
	b.pixels, b.labels = filepath.Join(b.dir, "pixels"), filepath.Join(b.dir, "labels")
	if err := os.WriteFile(b.pixels, b.data.Train.Pixels, 0o666); err != nil {
		return err
	}
	var labels []byte
	for _, l := range b.data.Train.Labels {
		labels = binary.NativeEndian.AppendUint32(labels, uint32(l))
	}
	if err := os.WriteFile(b.labels, labels, 0o666); err != nil {
		return err
	}
	return b.peer.ask(request{"do": "data", "pixels": b.pixels, "labels": b.labels, "classes": len(b.data.Classes)}, &struct{}{})
}

func (b *bench) close() (err error) {
	if b.peer != nil {
		err = b.peer.close()
	}
	return errors.Join(err, os.RemoveAll(b.dir))
}

func (b *bench) effort() effort { return effort{b.rounds, b.window, b.budget} }

// backend is a device that is closed when a part is done.
type backend interface {
	device.Backend
	Close()
}

// backend opens the device as the commands do; newBench has seen that it opens.
func (b *bench) backend(threads int) backend {
	be, err := open.Backend(b.device, threads)
	if err != nil {
		panic(err)
	}
	return be.(backend)
}

// clean gives memory back between contests, on both sides.
func (b *bench) clean() error {
	runtime.GC()
	debug.FreeOSMemory()
	if b.peer != nil {
		return b.peer.drop()
	}
	return nil
}

// mostThreads is the last of the numbers of threads.
func (b *bench) mostThreads() int { return b.threads[len(b.threads)-1] }

// usual is the network of the parts that look at one only.
func (b *bench) usual() string {
	if slices.Contains(b.archs, "resnet20") {
		return "resnet20"
	}
	return b.archs[len(b.archs)-1]
}

// rival prepares the peer's job in the memory format that is best for it.
// Without a peer it returns nil.
func (b *bench) rival(job request) (c *contender, format string, err error) {
	if b.peer == nil {
		return nil, "", nil
	}
	if job, err = b.peer.best(job); err != nil {
		return nil, "", err
	}
	return b.peer.contender(job), job["format"].(string), nil
}

// contenders lists those that are not nil.
func contenders(all ...*contender) []*contender {
	var list []*contender
	for _, c := range all {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}
