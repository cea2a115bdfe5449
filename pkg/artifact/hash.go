package artifact

import "io"

// HashFile returns the SHA-256 of a file's uncompressed bytes in hexadecimal:
// that of the content for a plain file, of the decompressed content for zstd.
func HashFile(path string) (string, error) {
	in, _, err := open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	s, err := newStream(in, display(path), Limits{}.withDefaults(defaultTotal))
	if err != nil {
		return "", err
	}
	defer s.close()
	h := newHasher()
	defer h.finish()
	for {
		// A new chunk each time, because the hasher lags behind.
		b := make([]byte, hashChunk)
		n, err := io.ReadFull(s, b)
		h.add(b[:n])
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return h.finish(), nil
		default:
			return "", err
		}
	}
}
