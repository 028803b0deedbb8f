package tools

import (
	"strings"
	"time"

	"agentcore-gateway-mcp/gateway"
)

// GatewayArgument chooses a gateway.
type GatewayArgument struct {
	Gateway string `json:"gateway,omitempty" jsonschema:"id, name or ARN; default: the only one"`
}

// GatewaysArgument chooses one or several gateways.
type GatewaysArgument struct {
	Gateway string `json:"gateway,omitempty" jsonschema:"id, name or ARN; several with commas, * for all; default: the only one"`
}

func (g GatewaysArgument) refs() []string {
	return strings.FieldsFunc(g.Gateway, func(r rune) bool { return r == ',' || r == ' ' })
}

// TargetArgument chooses a target of a gateway.
type TargetArgument struct {
	GatewayArgument
	Target string `json:"target" jsonschema:"id or name"`
}

// WaitArgument says how long to wait for a change to end.
type WaitArgument struct {
	WaitSeconds *int `json:"waitSeconds,omitempty" jsonschema:"0 to 900, default 45"`
}

func (w WaitArgument) duration() time.Duration {
	if w.WaitSeconds == nil {
		return gateway.DefaultWait
	}
	return time.Duration(*w.WaitSeconds) * time.Second
}

// FilterArgument keeps what has a text in its name.
type FilterArgument struct {
	Filter string `json:"filter,omitempty" jsonschema:"text in the name"`
}

func (f FilterArgument) keeps(name string) bool {
	return strings.Contains(strings.ToLower(name), strings.ToLower(f.Filter))
}

// kept are those of a list whose names the filter keeps; never nil.
func kept[T any](f FilterArgument, all []T, name func(T) string) []T {
	some := []T{}
	for _, v := range all {
		if f.keeps(name(v)) {
			some = append(some, v)
		}
	}
	return some
}

// DryRunArgument asks for the plan alone, or holds a call to one.
type DryRunArgument struct {
	DryRun bool   `json:"dryRun,omitempty" jsonschema:"only the plan"`
	Plan   string `json:"plan,omitempty" jsonschema:"of a dryRun, to hold the call to it"`
}
