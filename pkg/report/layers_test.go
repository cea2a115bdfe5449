package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"srn/pkg/record"
)

// layers are the report's packages, each of which imports those before it
// alone.
var layers = [][]string{{"number"}, {"table"}, {"chart"}, {"paper", "trace"}, {"load"}, {"study"}, {"conclude"}, {"sections"}, {"render"}, {"inspect", "lineage", "watch"}}

// goFiles visits the Go files below a folder, but for tests.
func goFiles(t *testing.T, folder string, visit func(path string, f *ast.File, set *token.FileSet)) {
	t.Helper()
	found := 0
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		found++
		visit(path, f, set)
		return nil
	})
	if err != nil || found == 0 {
		t.Fatalf("%s: %d files, %v", folder, found, err)
	}
}

func imports(f *ast.File) []string {
	var list []string
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		list = append(list, path)
	}
	return list
}

// No package of the report imports one after it, and package compare none but
// how numbers are written.
func TestPackagesImportOneWay(t *testing.T) {
	layerOf := func(name string) int {
		return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, name) })
	}
	goFiles(t, ".", func(path string, f *ast.File, _ *token.FileSet) {
		own := filepath.Dir(path)
		if own == "." {
			if len(f.Imports) > 0 {
				t.Errorf("%s imports %v", path, imports(f))
			}
			return
		}
		at := layerOf(own)
		if at < 0 {
			t.Errorf("%s is in no layer", path)
		}
		for _, to := range imports(f) {
			name, ours := strings.CutPrefix(to, "srn/pkg/report/")
			if ours && layerOf(name) >= at {
				t.Errorf("%s imports %s, which is not before it", path, to)
			}
		}
	})
	goFiles(t, "../compare", func(path string, f *ast.File, _ *token.FileSet) {
		for _, to := range imports(f) {
			if strings.HasPrefix(to, "srn/pkg/report/") && to != "srn/pkg/report/number" {
				t.Errorf("%s imports %s", path, to)
			}
		}
	})
}

// No library imports the commands' own package or names a command's flag, but
// where it describes to a command's user what a flag chooses.
func TestLibrariesKnowNoFlags(t *testing.T) {
	goFiles(t, "..", func(path string, f *ast.File, _ *token.FileSet) {
		if slices.Contains(imports(f), "srn/pkg/cli") && !strings.HasPrefix(path, "../cli/") {
			t.Errorf("%s imports srn/pkg/cli", path)
		}
	})
	flag := regexp.MustCompile(`(^|\s)--[a-z]`)
	describe := []string{"../cli/", "../method/", "../record/record.go", "../train/protocol.go"}
	foreign := []string{"compress it again without --long or --ultra"} // zstd's
	texts(t, "..", func(path, text string) {
		if flag.MatchString(text) && !slices.Contains(foreign, text) &&
			!slices.ContainsFunc(describe, func(d string) bool { return strings.HasPrefix(path, d) }) {
			t.Errorf("%s names a flag: %q", path, text)
		}
	})
}

// texts visits the string literals of Go files, but for struct tags and
// imports.
func texts(t *testing.T, folder string, visit func(path, text string)) {
	goFiles(t, folder, func(path string, f *ast.File, set *token.FileSet) {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.Field:
				if n.Tag != nil {
					n.Tag = nil
				}
			case *ast.BasicLit:
				if n.Kind == token.STRING {
					text, _ := strconv.Unquote(n.Value)
					visit(set.Position(n.Pos()).String(), text)
				}
			}
			return true
		})
	})
}

// Keys of records are spelt in package record alone: where another package
// would spell one, it has a struct. A word alone may mean anything; what has an
// underscore is a key. What the paper's own table of values calls by a key is
// the paper's.
func TestNoKeyIsSpeltElsewhere(t *testing.T) {
	keys := map[string]bool{}
	for _, k := range record.Kinds() {
		for _, f := range k.Fields() {
			keys[f.Key] = strings.Contains(f.Key, "_")
		}
	}
	for _, c := range []any{record.Fit{}, record.Meta{}} {
		for _, f := range record.FieldsOf(c) {
			keys[f.Key] = strings.Contains(f.Key, "_")
		}
	}
	allowed := map[string]bool{"s_meta": true, "r_max": true, "gamma_mar": true, "meta_train": true, "meta_val": true} // the paper's symbols, and values
	for _, folder := range []string{".", "../compare", "../../cmd/srn-report"} {
		texts(t, folder, func(path, text string) {
			if keys[text] && !allowed[text] && !strings.HasPrefix(path, "paper/") {
				t.Errorf("%s spells the key %q", path, text)
			}
		})
	}
}
