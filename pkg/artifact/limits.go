package artifact

import "srn/pkg/record"

// Limits bounds what a reader accepts. A zero field stands for its default,
// so Limits{} is the usual choice.
type Limits struct {
	// Header is the largest safetensors header, in bytes. Default: 16 MiB,
	// of some 100,000 tensors; maximum of the format: 100,000,000.
	Header int64
	// Total is the largest uncompressed size of a file, in bytes. Default:
	// 4 GiB for tensors, 256 MiB for records.
	Total int64
	// Window is the largest zstd window, in bytes. Default: 128 MiB, that of
	// the zstd command.
	Window int64
	// Line is the longest line of a record file, in bytes. Default: 16 MiB.
	Line int64
	// Values is the largest number of JSON values in a record file, which
	// take up to 50 times the memory of their text. Default: 16,777,216.
	Values int64
}

const (
	maxHeader         = 100_000_000
	defaultHeader     = 16 << 20
	defaultTotal      = 4 << 30
	defaultRecordSize = 256 << 20
	defaultWindow     = 128 << 20
	defaultLine       = 16 << 20
)

func (l Limits) withDefaults(total int64) Limits {
	if l.Header <= 0 {
		l.Header = defaultHeader
	}
	l.Header = min(l.Header, maxHeader)
	if l.Total <= 0 {
		l.Total = total
	}
	if l.Window <= 0 {
		l.Window = defaultWindow
	}
	if l.Line <= 0 {
		l.Line = defaultLine
	}
	if l.Values <= 0 {
		l.Values = record.DefaultValues
	}
	return l
}
