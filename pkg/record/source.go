package record

import (
	"embed"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"strings"
	"sync"
)

// source is this package's own text, which holds the meaning of the records.
//
//go:embed *.go
var source embed.FS

// comments are the doc comments of structs, under their names, and of their
// fields, under STRUCT.FIELD.
var comments = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	entries, err := source.ReadDir(".")
	if err != nil {
		panic(err)
	}
	for _, e := range entries {
		text, err := source.ReadFile(e.Name())
		if err != nil {
			panic(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), e.Name(), text, parser.ParseComments)
		if err != nil {
			panic(err)
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.TYPE {
				continue
			}
			for _, s := range g.Specs {
				t := s.(*ast.TypeSpec)
				fields, ok := t.Type.(*ast.StructType)
				if !ok {
					continue
				}
				all[t.Name.Name] = plain(g.Doc)
				last := ""
				for _, f := range fields.Fields.List {
					if text := plain(f.Doc); text != "" {
						last = text
					}
					for _, n := range f.Names {
						all[t.Name.Name+"."+n.Name] = last
					}
				}
			}
		}
	}
	return all
})

// plain is a doc comment as one line of text.
func plain(c *ast.CommentGroup) string {
	var p comment.Parser
	text := (&comment.Printer{TextWidth: -1}).Text(p.Parse(c.Text()))
	return strings.Join(strings.Fields(string(text)), " ")
}

// About is the meaning of the type: the doc comment of its struct.
func (k Kind) About() string { return comments()[k.Struct()] }

// About is the meaning of the field. Fields that follow another without a
// comment of their own share its.
func (f Field) About() string { return comments()[f.Struct+"."+f.Name] }
