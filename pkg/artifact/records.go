package artifact

import "srn/pkg/record"

// A record file is JSON Lines: one object a line, each with its "type". The
// first is of type "header" and says what made the records, the last of type
// "end" says that nothing is missing. Compressed, the header, each flush and
// the end are zstd frames of their own. What the records mean is in package
// record.

// Stream is what one run has recorded.
type Stream struct {
	Header  record.Header
	Records []record.Record // pointers to their structs; neither the header nor the end
	Lines   []int           // number of the line of each record in its file, from 1
	// Complete says that the end record is there; Status is what it says,
	// such as "ok".
	Complete bool
	Status   string
}
