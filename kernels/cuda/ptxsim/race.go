package ptxsim

// shadow is what is known of a word's latest accesses: the thread (from 1) and
// the epoch of each.
type shadow struct {
	writer, writeEpoch uint32
	reader, readEpoch  uint32
	otherRead          uint32 // epoch of the latest read by an earlier block
}

const manyReaders = ^uint32(0)

// race fails if a thread's access to a word is not ordered against another
// one, and records it. Accesses of an earlier epoch are ordered if they are of
// the same block or of an earlier launch.
func (b *block) race(s *shadow, thread uint32, write bool, where func() string) {
	m := b.machine
	unordered := func(other, epoch uint32) bool {
		if epoch < m.launchEpoch {
			return false
		}
		return epoch < m.blockEpoch || epoch == m.epoch && other != thread
	}
	if unordered(s.writer, s.writeEpoch) {
		fail("race at %s: thread %d of the block, after a write by thread %d", where(), thread-1, s.writer-1)
	}
	if !write {
		if s.readEpoch >= m.launchEpoch && s.readEpoch < m.blockEpoch {
			s.otherRead = s.readEpoch
		}
		if s.readEpoch == m.epoch && s.reader != thread {
			s.reader = manyReaders
		} else {
			s.reader, s.readEpoch = thread, m.epoch
		}
		return
	}
	if unordered(s.reader, s.readEpoch) || s.otherRead >= m.launchEpoch && s.otherRead > 0 {
		fail("race at %s: write by thread %d of the block, after a read by another thread", where(), thread-1)
	}
	s.writer, s.writeEpoch = thread, m.epoch
}
