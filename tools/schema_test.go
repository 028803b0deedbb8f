package tools

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// What tools/list leaves out because another tool has said it is said somewhere.
func TestNoKeyIsLost(t *testing.T) {
	data, err := os.ReadFile("testdata/tools.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct{ OutputSchema *jsonschema.Schema }
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, tool := range list {
		keys(tool.OutputSchema, said)
	}
	meant := map[string]bool{truncated: true, earlier: true}
	for _, s := range []*jsonschema.Schema{
		mustSchema[GatewayList](nil), mustSchema[GatewayDetails](nil), mustSchema[TargetList](nil), mustSchema[TargetDetails](nil),
		mustSchema[ToolList](nil), mustSchema[DriftReport](nil), mustSchema[ChangeReport](nil), mustSchema[PinReport](nil), mustSchema[FleetReport](nil),
	} {
		keys(s, meant)
	}
	for _, name := range forPrograms() {
		delete(meant, name)
	}
	for key := range meant {
		if !said[key] {
			t.Errorf("no schema has %s", key)
		}
	}
}

func keys(s *jsonschema.Schema, all map[string]bool) {
	if s == nil {
		return
	}
	for name, p := range s.Properties {
		all[name] = true
		keys(p, all)
	}
	keys(s.Items, all)
}
