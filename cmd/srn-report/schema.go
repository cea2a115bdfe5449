package main

import (
	"strings"

	"srn/pkg/cli"
	"srn/pkg/record"
)

// schema is the flags of the subcommand schema.
type schema struct {
	Types []string `arg:"" optional:"" help:"Types of records (default: all)." placeholder:"TYPE"`
}

func (*schema) Examples() string {
	return `
What a record of an epoch holds:
  srn-report schema epoch

Check a record file with a validator of JSON Schema:
  srn-report schema >schema.json
  zstdcat fit.jsonl.zst | while read -r line; do echo "$line" >line.json; check-jsonschema --schemafile schema.json line.json; done`
}

// Run prints the JSON Schema.
func (c *schema) Run(ctx *cli.Context) error {
	var kinds []record.Kind
	for _, name := range c.Types {
		k, ok := record.Find(name)
		if !ok {
			var all []string
			for _, k := range record.Kinds() {
				all = append(all, k.Name)
			}
			return cli.WithHint(cli.Errorf(cli.ExitUsage, "there are no records of type %q", name), "the types are "+strings.Join(all, ", "))
		}
		kinds = append(kinds, k)
	}
	b, err := record.JSONSchema(kinds...)
	if err != nil {
		return err
	}
	_, err = ctx.Stdout().Write(b)
	return err
}
