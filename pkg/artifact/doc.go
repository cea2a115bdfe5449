// Package artifact holds the files that the commands exchange: tensors as
// safetensors and records as JSON Lines, either plain or compressed by zstd.
//
// [Read] and [Write] move whole tensor files; [CreateRecords],
// [ResumeRecords] and [ReadRecords] move records, which are appended as a run
// proceeds so that a killed run leaves a readable prefix. [HashFile] and
// [Provenance] tie an output to the inputs it was made from.
//
// Three rules hold throughout:
//
//   - Content decides on reading, the suffix on writing: a file is taken for
//     zstd when it starts with zstd's magic number, and is compressed when its
//     name ends in .zst.
//   - Hashes are SHA-256 of the uncompressed bytes, so that they survive
//     recompression.
//   - Files are not trusted. Every size is checked before memory is asked for
//     it, and content that a careful reader could take in two ways (duplicate
//     keys, gaps, trailing bytes) is refused with a [FormatError].
//
// The path "-" is standard input or output.
package artifact
