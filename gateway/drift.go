package gateway

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
	"agentcore-gateway-mcp/untrusted"
)

// DriftState is how a gateway's copy of a server's tools relates to them.
type DriftState string

const (
	InSync  DriftState = "in_sync"
	Drifted DriftState = "drifted"
	Unknown DriftState = "unknown"
)

// Values lists the states, for schemas.
func (DriftState) Values() []DriftState { return []DriftState{InSync, Drifted, Unknown} }

// Drift holds what a server offers against what the gateway serves of it.
type Drift struct {
	Gateway            string            `json:"gateway,omitempty" jsonschema:"where several were asked"`
	Target             string            `json:"target"`
	TargetID           string            `json:"targetId"`
	State              DriftState        `json:"state"`
	Reason             string            `json:"reason,omitempty" jsonschema:"why something is unknown"`
	Pinned             bool              `json:"pinned,omitempty" jsonschema:"frozen: tools is what waits at the server"`
	Status             aws.TargetStatus  `json:"status"`
	LastSynchronizedAt time.Time         `json:"lastSynchronizedAt,omitzero"`
	Tools              *ToolChange       `json:"tools,omitempty" jsonschema:"what a synchronization would change"`
	Hashes             map[string]string `json:"hashes,omitempty" jsonschema:"SHA-256 of each tool that the server offers"`
	// Definitions are those of the tools that are hashed, for programs.
	Definitions Definitions `json:"definitions,omitempty"`

	resources []catalog.Tool // that the server offers
	priority  int32
}

// CheckDrift compares, for each of these targets, what the server offers with what its
// gateway serves. Drifted targets come first, breaking ones before the others, then the
// unknown. A slow target holds up no other; nothing is changed. The tools' hashes are
// given if hashed.
func (m *Manager) CheckDrift(ctx context.Context, of Matches, hashed bool, progress Progress) []Drift {
	drifts := m.drifts(ctx, of.Gateway, of.Targets, hashed, progress)
	slices.SortStableFunc(drifts, func(a, b Drift) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Target, b.Target))
	})
	return drifts
}

func (d Drift) rank() int {
	switch {
	case d.State == Drifted && d.Tools.Breaking:
		return 0
	case d.State == Drifted:
		return 1
	case d.State == Unknown:
		return 2
	}
	return 3
}

// drifts looks at each of the targets, with the tools' hashes if hashed.
func (m *Manager) drifts(ctx context.Context, g aws.Gateway, targets []aws.Target, hashed bool, progress Progress) []Drift {
	served, servedErr := m.served(ctx, g)
	drifts := make([]Drift, len(targets))
	var (
		work errgroup.Group
		mu   sync.Mutex
		done int
	)
	work.SetLimit(8)
	for i, t := range targets {
		work.Go(func() error {
			defer m.rescue("comparing target "+t.Name, func() {
				drifts[i] = Drift{Target: t.Name, TargetID: t.ID, State: Unknown, Status: t.Status, Reason: errInside.Error()}
			})
			drifts[i] = m.drift(ctx, g, t, served, servedErr, hashed)
			mu.Lock()
			defer mu.Unlock()
			done++
			progress.report(float64(done), float64(len(targets)), "looked at "+t.Name) // its state is judged when all are read
			return nil
		})
	}
	_ = work.Wait() // none of them fails
	settleShared(drifts)
	for i := range drifts {
		drifts[i].judge()
	}
	return drifts
}

func (m *Manager) drift(ctx context.Context, g aws.Gateway, t aws.Target, served catalog.List, servedErr error, hashed bool) Drift {
	d := Drift{Target: t.Name, TargetID: t.ID, State: Unknown, Pinned: t.StaticSchema, Status: t.Status, LastSynchronizedAt: t.LastSynchronizedAt.UTC()}
	switch {
	case t.Type != aws.TargetMCPServer:
		d.Reason = fmt.Sprintf("it is of type %s: only an MCP server has tools of its own to compare", orUnknown(string(t.Type)))
		return d
	case t.ListingMode == aws.ListingDynamic:
		d.Reason = "listingMode is DYNAMIC: the gateway asks the server at each call and keeps no copy"
		return d
	case t.Endpoint == "":
		// A listing has no reasons: these say why the target could not be read.
		d.Reason = cmp.Or(strings.Join(t.StatusReasons, "; "), "its configuration could not be read in time: narrow to one target")
		return d
	case servedErr != nil:
		d.Reason = servedErr.Error()
		return d
	}
	offered, err := m.offered(ctx, t)
	if err != nil {
		d.Reason = "what the server offers could not be read from here: " + err.Error()
		if c := ofServer(err); c != "" { // in the words of a diagnosis
			d.Reason = "what the server offers could not be read from here: " + knownCause(c).Means + ": " + err.Error() + "; diagnose_target looks closer"
		}
		return d
	}
	tools := against(lists{served: mine(t.Name, served, offered, g.Filter), offered: offered, filter: g.Filter})
	tools.Warnings = warnings(t.Name, offered.Tools)
	d.State, d.Tools, d.resources, d.priority = InSync, &tools, offered.Resources, t.ResourcePriority
	if hashed {
		d.Hashes, d.Definitions = hashes(offered.Tools), definitions(offered.Tools)
	}
	return d
}

// judge decides the state of what was compared.
func (d *Drift) judge() {
	switch t := d.Tools; {
	case t == nil:
	case t.differs():
		d.State = Drifted
	case len(t.NotShown) > 0:
		d.State, d.Reason = Unknown, fmt.Sprintf("%d of the server's tools are not shown to us (%s): whether the gateway has them cannot be seen from here, and no synchronization changes that", len(t.NotShown), t.Filter)
	case t.Unlisted != "":
		d.Reason = "no tool is different; prompts and resources could not be compared: " + t.Unlisted
	}
}

// settleShared keeps a resource that several servers offer from being drift where
// the gateway serves that of another target: the one with the lowest
// resourcePriority (the service model).
func settleShared(drifts []Drift) {
	offering := map[string][]*Drift{}
	for i := range drifts {
		for _, r := range drifts[i].resources {
			offering[r.Name] = append(offering[r.Name], &drifts[i])
		}
	}
	for _, uri := range slices.Sorted(maps.Keys(offering)) {
		all := offering[uri]
		if len(all) < 2 {
			continue
		}
		wins := slices.MinFunc(all, func(a, b *Drift) int { return cmp.Compare(a.priority, b.priority) })
		for _, d := range all {
			switch {
			case d == wins:
			case d.priority == wins.priority:
				d.Tools.Warnings = append(d.Tools.Warnings, fmt.Sprintf("target %s offers resource %s too, with the same resourcePriority: which of them is served is not documented", wins.Target, untrusted.Name(uri)))
				d.Tools.forgetResource(uri)
			default:
				d.Tools.Warnings = append(d.Tools.Warnings, fmt.Sprintf("resource %s is served from target %s, whose resourcePriority is %d (here %d)", untrusted.Name(uri), wins.Target, wins.priority, d.priority))
				d.Tools.forgetResource(uri)
			}
		}
	}
}

// forgetResource takes a changed resource out of a comparison.
func (c *ToolChange) forgetResource(uri string) {
	if c.Resources == nil {
		return
	}
	c.Resources.Changed = slices.DeleteFunc(c.Resources.Changed, func(t ChangedTool) bool { return t.Name == untrusted.Name(uri) })
	if len(c.Resources.Added)+len(c.Resources.Removed)+len(c.Resources.Changed) == 0 {
		c.Resources = nil
	}
}

// Keep leaves only the tools whose names are wanted; state and counts stay those
// of all.
func (d *Drift) Keep(wants func(tool string) bool) {
	maps.DeleteFunc(d.Hashes, func(name, _ string) bool { return !wants(name) })
	maps.DeleteFunc(d.Definitions, func(name string, _ json.RawMessage) bool { return !wants(name) })
	if d.Tools != nil {
		unwanted := func(t ToolView) bool { return !wants(t.Name) }
		d.Tools.Added, d.Tools.Removed = slices.DeleteFunc(d.Tools.Added, unwanted), slices.DeleteFunc(d.Tools.Removed, unwanted)
		d.Tools.Changed = slices.DeleteFunc(d.Tools.Changed, func(t ChangedTool) bool { return !wants(t.Name) })
	}
}

// Definitions are tools' definitions by name.
type Definitions map[string]json.RawMessage

// definitions are those of the tools, but for what not every program reads, and nil
// where they are too long to be kept in a file: then hashes have to do.
func definitions(tools []catalog.Tool) Definitions {
	const most = 1 << 20 // bytes: an answer has them twice, escaped
	all, size := make(Definitions, len(tools)), 0
	for _, t := range tools {
		if size += len(t.Definition); size > most {
			return nil
		}
		if readable(t.Definition) {
			all[untrusted.Name(t.Name)] = t.Definition
		}
	}
	return all
}

// readable reports whether a program can read a definition in an answer: a server's
// numbers may be larger than any, as 1e999 is, and its lists nested too deep.
func readable(definition json.RawMessage) bool {
	const around = 16 // it is nested less deep in an answer
	var v any
	return json.Unmarshal(slices.Concat(bytes.Repeat([]byte("["), around), definition, bytes.Repeat([]byte("]"), around)), &v) == nil
}

// hashes gives each tool's hash by name.
func hashes(tools []catalog.Tool) map[string]string {
	all := make(map[string]string, len(tools))
	var hasher catalog.Hasher
	for _, t := range tools {
		all[untrusted.Name(t.Name)] = hasher.Hash(t)
	}
	return all
}
