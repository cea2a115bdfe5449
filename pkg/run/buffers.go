package run

import (
	"srn/pkg/artifact"
	"srn/pkg/device"
)

// Buffer is a part of a state that lies in a device's memory, by its name in
// the state's file.
type Buffer struct {
	Name   string
	Buffer device.Buffer
}

// SaveBuffers reads buffers as float32 tensors.
func SaveBuffers(be device.Backend, list []Buffer) []artifact.Tensor {
	var tensors []artifact.Tensor
	for _, b := range list {
		v := make([]float32, b.Buffer.Len())
		be.Read(v, b.Buffer)
		tensors = append(tensors, artifact.Float32(b.Name, []int{len(v)}, v))
	}
	return tensors
}

// RestoreBuffers is SaveBuffers' inverse. Path is the file's name for the
// error, an *artifact.FormatError, where a tensor is missing, has another
// length or is not finite.
func RestoreBuffers(be device.Backend, f *artifact.File, path string, list []Buffer) error {
	for _, b := range list {
		v := make([]float32, b.Buffer.Len())
		if err := f.ReadFinite32(path, b.Name, v); err != nil {
			return err
		}
		be.Write(b.Buffer, v)
	}
	return nil
}
