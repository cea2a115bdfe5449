// Package lineage follows files back to what they were made from: from a
// report to records, to checkpoints and surrogates, to the data artifact and
// the archive of images. Every file names its inputs by the SHA-256 of their
// uncompressed bytes, so that nothing but the files themselves is needed, and
// a change of any of them is seen.
package lineage

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"srn/pkg/artifact"
	"srn/pkg/record"
	"srn/pkg/report/load"
)

// Kind is what a file holds.
type Kind string

// The kinds of files.
const (
	Records Kind = "records"
	Tensors Kind = "tensors"
	Report  Kind = "report"
	Other   Kind = "file"
)

// State is what became of an input.
type State string

const (
	Present State = "present" // there, with the hash that is named
	Stale   State = "stale"   // what lies under its name has changed since
	Written State = "written" // not there, but records say which run wrote it
	Missing State = "missing" // not there, and nothing tells of it
)

// Maker is a command with its version.
type Maker struct {
	Tool    string `json:"tool"`
	Version string `json:"version"`
}

// Link is an input that a file names.
type Link struct {
	Name   string `json:"name"`
	Path   string `json:"path,omitempty"`
	SHA256 string `json:"sha256"`
	State  State  `json:"state"`
	To     *File  `json:"-"` // the file, or the records of the run that wrote it; nil if missing
	Found  string `json:"found,omitempty"`
}

// File is a file that was looked at.
type File struct {
	Path     string   `json:"path"`
	Kind     Kind     `json:"kind"`
	Format   string   `json:"format,omitempty"` // of tensors: srn-checkpoint/1 and the like
	SHA256   string   `json:"sha256"`
	Makers   []Maker  `json:"made_by,omitempty"`
	Seeds    []int64  `json:"seeds,omitempty"`
	Links    []*Link  `json:"inputs,omitempty"`
	Problems []string `json:"problems,omitempty"`
	Notes    []string `json:"notes,omitempty"`
	Stale    bool     `json:"stale"` // it, or something it was made from, is older than its inputs

	streams []artifact.Stream
	outputs []string // hashes of what the records' run has written
}

// Graph is files and what they were made from.
type Graph struct {
	Files []*File `json:"files"`

	byHash   map[string]*File
	byPath   map[string]*File
	byOutput map[string][]*File // by the hashes of what the files' runs have written
}

// Walk lists the files in a folder, and in those below it, that srn commands
// may have written.
func Walk(folder string) ([]string, error) {
	var list []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() && kindOf(path) != Other && !strings.HasPrefix(d.Name(), ".") {
			list = append(list, path)
		}
		return nil
	})
	slices.Sort(list)
	return list, err
}

// Follow reads files and everything they name that can be found: by its hash
// among the files, or under the name it had. Each reads at most once; seen, if
// not nil, is called before.
func Follow(paths []string, seen func(path string)) (*Graph, error) {
	g := &Graph{byHash: map[string]*File{}, byPath: map[string]*File{}, byOutput: map[string][]*File{}}
	for _, path := range paths {
		if _, err := g.add(path, seen); err != nil {
			return nil, err
		}
	}
	// Files that are found are followed in turn; g.Files grows meanwhile.
	for i := 0; i < len(g.Files); i++ {
		f := g.Files[i]
		for _, l := range f.Links {
			if err := g.resolve(f, l, seen); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range g.Files {
		for _, o := range f.outputs {
			g.byOutput[o] = append(g.byOutput[o], f)
		}
	}
	g.resolveWritten()
	for _, f := range g.Files {
		f.checkRuns(g)
	}
	for _, f := range g.Files {
		f.Stale = f.stale(map[*File]bool{})
	}
	return g, nil
}

// add reads a file unless it was read already.
func (g *Graph) add(path string, seen func(string)) (*File, error) {
	key := path
	if abs, err := filepath.Abs(path); err == nil {
		key = abs
	}
	if f := g.byPath[key]; f != nil {
		return f, nil
	}
	if seen != nil {
		seen(path)
	}
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	g.byPath[key] = f
	g.Files = append(g.Files, f)
	if f.SHA256 != "" && g.byHash[f.SHA256] == nil {
		g.byHash[f.SHA256] = f
	}
	return f, nil
}

// resolve finds the file that a link means.
func (g *Graph) resolve(from *File, l *Link, seen func(string)) error {
	var changed *File
	for _, path := range places(from, l) {
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		f, err := g.add(path, seen)
		if err != nil {
			return err
		}
		if f.SHA256 == l.SHA256 {
			l.State, l.To, l.Found = Present, f, f.Path
			return nil
		}
		if changed == nil && path == l.Path {
			changed = f
		}
	}
	switch f := g.byHash[l.SHA256]; {
	case f != nil:
		l.State, l.To, l.Found = Present, f, f.Path
	case changed != nil:
		l.State, l.To, l.Found = Stale, changed, changed.Path
	default:
		l.State = Missing
	}
	return nil
}

// places are where an input may lie: under its name, and beside the file that
// names it.
func places(from *File, l *Link) []string {
	if l.Path == "" || l.Path == "-" || l.Path == "standard input" {
		return nil
	}
	list := []string{l.Path}
	if beside := filepath.Join(filepath.Dir(from.Path), filepath.Base(l.Path)); beside != l.Path {
		list = append(list, beside)
	}
	return list
}

// resolveWritten finds the records of the run that wrote what is missing.
func (g *Graph) resolveWritten() {
	for _, f := range g.Files {
		for _, l := range f.Links {
			// Found under no name, though perhaps by a file read later.
			if other := g.byHash[l.SHA256]; l.State == Missing && other != nil {
				l.State, l.To, l.Found = Present, other, other.Path
			}
			for _, by := range g.byOutput[l.SHA256] {
				if l.State == Missing && by != f {
					l.State, l.To, l.Found = Written, by, by.Path
				}
			}
		}
	}
}

// checkRuns compares what measurements say of a checkpoint with the records of
// the run that wrote it.
func (f *File) checkRuns(g *Graph) {
	for _, s := range f.streams {
		for _, r := range s.Records {
			subject, ok := load.SubjectOf(r)
			if !ok || subject.Training == nil || subject.CheckpointSHA256 == "" {
				continue
			}
			for _, by := range g.byOutput[subject.CheckpointSHA256] {
				for _, made := range by.streams {
					if by != f && wrote(made, subject.CheckpointSHA256) && subject.Seed != made.Header.Seed {
						f.problem("says seed %d of a checkpoint that %s wrote with seed %d", subject.Seed, by.Path, made.Header.Seed)
						return
					}
				}
			}
		}
	}
}

// wrote says that a training's records name the checkpoint as theirs.
func wrote(s artifact.Stream, checkpoint string) bool {
	return slices.ContainsFunc(s.Records, func(r record.Record) bool {
		final, ok := r.(*record.Final)
		return ok && final.CheckpointSHA256 == checkpoint
	})
}

// stale says whether the file or anything behind it has an input that changed.
func (f *File) stale(visiting map[*File]bool) bool {
	if visiting[f] {
		return false
	}
	visiting[f] = true
	for _, l := range f.Links {
		if l.State == Stale || l.State != Missing && l.To.stale(visiting) {
			return true
		}
	}
	return false
}

// Roots are the files that none of the others was made from.
func (g *Graph) Roots() []*File {
	used := map[*File]bool{}
	for _, f := range g.Files {
		for _, l := range f.Links {
			if l.To != nil && l.To != f {
				used[l.To] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(g.Files), func(f *File) bool { return used[f] })
}

// Count says how many links and files are in which state.
func (g *Graph) Count() (links map[State]int, stale, problems int) {
	links = map[State]int{}
	for _, f := range g.Files {
		for _, l := range f.Links {
			links[l.State]++
		}
		if f.Stale {
			stale++
		}
		if len(f.Problems) > 0 {
			problems++
		}
	}
	return links, stale, problems
}

// Versions lists the commands' versions with the number of files of each.
func (g *Graph) Versions() map[Maker]int {
	m := map[Maker]int{}
	for _, f := range g.Files {
		for _, v := range f.Makers {
			m[v]++
		}
	}
	return m
}
