package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// planValue is a short digest of what a plan was made from: the configuration that
// the target would get, what the gateway serves, and what the server offers. What
// could not be read is "unread", and equals only the same.
func planValue(t aws.Target, edit aws.Edit, l lists) (string, error) {
	configuration, err := t.Edited(edit)
	if err != nil {
		return "", err
	}
	return strings.Join([]string{short(configuration), digest(l.served, l.servedErr), digest(l.offered, l.offeredErr)}, "-"), nil
}

const notRead = "unread"

func short(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6])
}

func digest(l catalog.List, err error) string {
	if err != nil {
		return notRead
	}
	var h catalog.Hasher
	hashes := make([]string, 0, len(l.Tools)+len(l.Prompts)+len(l.Resources)+1)
	for _, t := range l.Tools {
		hashes = append(hashes, h.Hash(t))
	}
	for kind, items := range [][]catalog.Tool{l.Prompts, l.Resources} {
		for _, t := range items {
			hashes = append(hashes, fmt.Sprint(kind, t.Name, short(t.Definition)))
		}
	}
	if l.Unlisted != "" {
		hashes = append(hashes, notRead)
	}
	slices.Sort(hashes)
	return short([]byte(strings.Join(hashes, "")))
}

// refuseOtherPlan is the error where a plan is not true any more, with what is
// different now.
func refuseOtherPlan(target, planned, now string) error {
	if planned == now {
		return nil
	}
	was, is := strings.Split(planned, "-"), strings.Split(now, "-")
	if len(was) != len(is) {
		return fmt.Errorf("plan %q is none of target %s: give the plan value of a call with dryRun, or leave it out", quote(planned), target)
	}
	var different []string
	for i, what := range []string{"the target's configuration", "what the gateway serves", "what the server offers"} {
		if was[i] != is[i] {
			different = append(different, what)
		}
	}
	return fmt.Errorf("nothing was sent for target %s: the plan is not true any more, or is that of a call with other arguments: %s changed; call again with dryRun to see it", target, strings.Join(different, " and "))
}

// holdToPlan compares a plan with what it would be made from now. It returns what
// the plan has seen at the server.
func (o *operation) holdToPlan(ctx context.Context, edit aws.Edit, way *move, confirmed bool, plan string) (*catalog.List, error) {
	var refusal error
	asked := []bool{false}
	if confirmed { // the plan may have been made without the confirmation, or with it
		asked = append(asked, true)
	}
	for _, confirmed := range asked {
		t, read, unchecked := o.asPlanned(edit, way, confirmed)
		l := o.m.readWith(ctx, o.g, t, read)
		now, err := planValue(o.before, edit, l)
		if err != nil {
			return nil, err
		}
		if refusal = refuseOtherPlan(o.before.Name, plan, now); refusal == nil {
			return &l.offered, nil
		}
		if unchecked == "" {
			break // credentials make no difference
		}
	}
	return nil, refusal
}

// unplanned names what a gateway serves that a plan had not seen, "" for nothing.
func unplanned(planned, served catalog.List) string {
	d := catalog.Compare(planned.Tools, served.Tools)
	items := catalog.CompareItems(planned.Prompts, served.Prompts)
	news := append(d.Added, items.Added...)
	for _, c := range append(d.Changed, items.Changed...) {
		news = append(news, c.After)
	}
	if len(news) == 0 {
		return ""
	}
	return fmt.Sprintf("tools that the plan had not seen: %s; ", orNone(news))
}
