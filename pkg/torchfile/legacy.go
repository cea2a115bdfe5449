package torchfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"srn/pkg/artifact"
	"srn/pkg/pickle"
)

// magic is the number that begins the form before version 1.6, as the pickle
// has it: 0x1950a86a20f9469cfc6c.
var magic = pickle.Big{0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19}

const legacyProtocol = 1001

// readPickles reads the form before version 1.6: pickles of a magic number, a
// version, facts about the machine, the object, and the keys of its storages;
// then each storage, a count of 8 bytes and its elements. A file without the
// magic number is a pickle of the object alone.
func (f *File) readPickles(r *bufio.Reader, size int64, outer bool) (any, error) {
	first, err := pickle.Read(r, f.options(size, outer, nil))
	if err != nil {
		return nil, err
	}
	if number, ok := first.(pickle.Big); !ok || !bytes.Equal(number, magic) {
		return first, nil
	}
	version, err := pickle.Read(r, pickle.Options{Size: size})
	if err != nil {
		return nil, err
	}
	if version != int64(legacyProtocol) {
		return nil, pickle.Refusef("the file is of another version of torch.save's form than %d", legacyProtocol)
	}
	system, err := pickle.Read(r, pickle.Options{Size: size, Opaque: true})
	if err != nil {
		return nil, err
	}
	if d, ok := system.(*pickle.Dict); ok {
		if little, ok := d.Get("little_endian"); ok && little != true {
			return nil, &artifact.FormatError{Problem: "has numbers that are big-endian: only little-endian ones are read", Mend: saveAgain}
		}
	}
	storages := map[string]*storage{}
	value, err := pickle.Read(r, f.options(size, false, func(id any) (any, error) {
		if parts, ok := id.(pickle.Tuple); ok && len(parts) > 1 && parts[0] == "module" {
			return parts[1], nil // a class, with the text of its program
		}
		s, view, err := reference(id)
		if err != nil {
			return nil, err
		}
		root := storages[s.key]
		if root == nil {
			root = s
			storages[s.key] = s
		}
		return root.view(view)
	}))
	if err != nil {
		return nil, err
	}
	keys, err := pickle.Read(r, pickle.Options{Size: size})
	if err != nil {
		return nil, err
	}
	names, ok := pickle.Strings(keys)
	if !ok {
		return nil, pickle.Refusef("the file has no list of its storages")
	}
	for _, key := range names {
		s := storages[key]
		if s == nil {
			return nil, pickle.Refusef("the file has a storage %.40q that no tensor uses", key)
		}
		if s.data != nil {
			return nil, pickle.Refusef("the file has the storage %.40q twice", key)
		}
		var count [8]byte
		if _, err := io.ReadFull(r, count[:]); err != nil {
			return nil, err
		}
		if n := binary.LittleEndian.Uint64(count[:]); n != uint64(s.count) {
			return nil, pickle.Refusef("the file has %d elements of storage %.40q, not %d", n, key, s.count)
		}
		// The count was checked against the size of the file, see reference.
		n := int64(s.count) * int64(s.dtype.Size())
		if n > size {
			return nil, io.ErrUnexpectedEOF
		}
		s.data = make([]byte, n)
		if _, err := io.ReadFull(r, s.data); err != nil {
			return nil, err
		}
	}
	for key, s := range storages {
		if s.data == nil && s.count > 0 {
			return nil, pickle.Refusef("the file lacks the storage %.40q", key)
		}
	}
	return value, nil
}
