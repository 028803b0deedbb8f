package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"agentcore-gateway-mcp/catalog"
)

const benchTools = 10_000

// benchLists are 10,000 tools of about 1 KB; after is the same in another
// order of members, so that no two definitions are the same bytes.
func benchLists() (before, after []catalog.Tool, bytes int) {
	text := strings.Repeat("a tool that does something ", 12)
	for i := range benchTools {
		name := fmt.Sprintf("tool%05d", i)
		var properties []string
		for j := range 6 {
			properties = append(properties, fmt.Sprintf(`"field%d":{"type":"string","description":"the field number %d\nof the order","maxLength":%d}`, j, j, 100+i%7))
		}
		schema := `{"type":"object","required":["field1","field0"],"properties":{` + strings.Join(properties, ",") + `,"state":{"type":"string","enum":["NEW","PAID","SHIPPED"]}}}`
		b := fmt.Sprintf(`{"name":%q,"description":%q,"inputSchema":%s,"annotations":{"readOnlyHint":true}}`, name, text, schema)
		a := fmt.Sprintf(`{"annotations":{"readOnlyHint":true},"inputSchema":%s,"description":%q,"name":%q}`, schema, text, "target___"+name)
		bytes += len(a) + len(b)
		before, after = append(before, tool(name, b)), append(after, tool(name, a))
	}
	return before, after, bytes
}

func BenchmarkCompare(b *testing.B) {
	before, after, bytes := benchLists()
	same := make([]catalog.Tool, len(before))
	reworded := make([]catalog.Tool, len(before))
	for i, t := range before {
		same[i] = tool(t.Name, strings.Clone(string(t.Definition)))
		reworded[i] = tool(t.Name, strings.Replace(string(after[i].Definition), "SHIPPED", "SENT", 1))
	}
	for _, c := range []struct {
		label   string
		after   []catalog.Tool
		changed int
	}{{"same bytes", same, 0}, {"other order", after, 0}, {"all changed", reworded, benchTools}} {
		b.Run(c.label, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(bytes))
			for b.Loop() {
				if d := catalog.Compare(before, c.after); len(d.Changed) != c.changed {
					b.Fatal(len(d.Changed), "changed")
				}
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	before, _, bytes := benchLists()
	b.ReportAllocs()
	b.SetBytes(int64(bytes / 2))
	for b.Loop() {
		var h catalog.Hasher
		for _, t := range before {
			h.Hash(t)
		}
	}
}

func BenchmarkLint(b *testing.B) {
	before, _, _ := benchLists()
	b.ReportAllocs()
	for b.Loop() {
		if len(catalog.Lint("target", before)) != 1 {
			b.Fatal("other findings")
		}
	}
}
