package lineage

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"srn/pkg/report/number"
)

// Tree writes each file with what it was made from below it, down to the
// archive. What was shown already is not shown again.
func (g *Graph) Tree(w io.Writer) error {
	shown := map[*File]bool{}
	for _, f := range g.Roots() {
		if _, err := fmt.Fprintf(w, "%s\n", f.line()); err != nil {
			return err
		}
		if err := f.branches(w, "", shown); err != nil {
			return err
		}
	}
	return nil
}

// line describes a file by itself.
func (f *File) line() string {
	parts := []string{f.Path}
	if f.Format != "" {
		parts = append(parts, f.Format)
	}
	for _, m := range f.Makers {
		parts = append(parts, strings.TrimSpace(m.Tool+" "+m.Version))
	}
	if f.Kind == Records {
		parts = append(parts, "seed "+seedList(f.Seeds))
	}
	parts = append(parts, fmt.Sprintf("sha256 %.12s", f.SHA256))
	s := strings.Join(parts, "  ")
	for _, n := range f.Notes {
		s += "  (" + n + ")"
	}
	if f.Stale {
		s += "  STALE"
	}
	for _, p := range f.Problems {
		s += "  PROBLEM: " + p
	}
	return s
}

// branches writes the inputs of a file. Many of one name that are in one state
// and lead nowhere else, such as a series of checkpoints, share a line.
func (f *File) branches(w io.Writer, indent string, shown map[*File]bool) error {
	shown[f] = true
	groups := f.grouped()
	for i, links := range groups {
		branch, below := "├─ ", "│  "
		if i+1 == len(groups) {
			branch, below = "└─ ", "   "
		}
		l := links[0]
		text := l.Name
		if len(links) > 1 {
			text = fmt.Sprintf("%s × %d", l.Name, len(links))
		}
		switch l.State {
		case Present:
			above := shown[l.To]
			if above {
				text += fmt.Sprintf("  %s  as above", l.To.Path)
			} else {
				text += "  " + l.To.line()
			}
			if len(links) > 1 {
				text += ", …"
			}
			for _, one := range links[1:] { // of a series the first stands for all
				shown[one.To] = true
			}
		case Stale:
			text += fmt.Sprintf("  %s  STALE: made from %.12s, but the file has %.12s", l.Path, l.SHA256, l.To.SHA256)
		case Written:
			text += fmt.Sprintf("  sha256 %.12s  not here; written by the run of %s", l.SHA256, l.To.Path)
		case Missing:
			text += fmt.Sprintf("  sha256 %.12s  MISSING", l.SHA256)
			if l.Path != "" {
				text += ": " + l.Path
			}
		}
		if _, err := fmt.Fprintf(w, "%s%s%s\n", indent, branch, text); err != nil {
			return err
		}
		if l.To != nil && l.State != Written && !shown[l.To] {
			if err := l.To.branches(w, indent+below, shown); err != nil {
				return err
			}
		}
	}
	return nil
}

// grouped joins neighbouring links that say the same.
func (f *File) grouped() [][]*Link {
	key := func(l *Link) string {
		s := l.Name + " " + string(l.State)
		if l.State == Present {
			s += " " + l.To.Format
			if len(l.To.Problems) > 0 || l.To.Stale || l.To.Kind != Tensors {
				s += " " + l.To.Path
			}
		}
		return s
	}
	var groups [][]*Link
	for _, l := range f.Links {
		if n := len(groups); n > 0 && key(groups[n-1][0]) == key(l) && l.State != Stale {
			groups[n-1] = append(groups[n-1], l)
			continue
		}
		groups = append(groups, []*Link{l})
	}
	return groups
}

// Summary is the graph in a few lines.
func (g *Graph) Summary() string {
	links, stale, problems := g.Count()
	s := fmt.Sprintf("%s, %s: %d present, %d known by the run that wrote them, %d missing, %d stale", number.Count(len(g.Files), "file"),
		number.Count(links[Present]+links[Written]+links[Missing]+links[Stale], "input"), links[Present], links[Written], links[Missing], links[Stale])
	if stale > 0 {
		s += "; " + number.Count(stale, "file") + " made from something that has changed since"
	}
	if problems > 0 {
		s += "; " + number.Count(problems, "file") + " with problems"
	}
	versions := g.Versions()
	var list []string
	for _, m := range slices.SortedFunc(maps.Keys(versions), func(a, b Maker) int {
		return cmp.Or(strings.Compare(a.Tool, b.Tool), strings.Compare(a.Version, b.Version))
	}) {
		text := strings.TrimSpace(m.Tool + " " + m.Version)
		switch {
		case m.Tool == "srn-split": // its files do not name a version, so that they do not change with it
			text = m.Tool
		case m.Version == "" || strings.HasSuffix(m.Version, "-dirty") || strings.HasPrefix(m.Version, "devel"):
			text += " (of no commit: cannot be built again)"
		}
		list = append(list, fmt.Sprintf("%s × %d", text, versions[m]))
	}
	return s + "\nmade by " + strings.Join(list, ", ")
}

func seedList(seeds []int64) string {
	sorted := slices.Compact(slices.Sorted(slices.Values(seeds)))
	return strings.Trim(strings.Join(strings.Fields(fmt.Sprint(sorted)), ", "), "[]")
}
