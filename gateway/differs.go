package gateway

// Differs says what a comparison has found where nothing was approved: what the gateway
// serves now is what is compared with.
func (d Drift) Differs() Approval {
	switch {
	case d.State == Unknown:
		return ApprovalUnknown
	case d.State == InSync:
		return AsApproved
	}
	return max(NotAsApproved, d.Tools.approval()) // a filter may have taken out what differs
}

// Differs says what a plan would change, the worst of settings, tools and what it could
// not see.
func (c Change) Differs() (worst Approval) {
	if c.Outcome == Unchanged { // and its tools were not looked at
		return AsApproved
	}
	if c.Tools != nil {
		worst = c.Tools.approval()
	}
	if len(c.Configuration) > 0 {
		worst = max(worst, NotAsApproved)
	}
	if len(c.Unchecked) > 0 {
		worst = ApprovalUnknown
	}
	return worst
}

// Differs says whether a plan changes a gateway: nothing here judges its settings.
func (c GatewayChange) Differs() Approval {
	if len(c.Configuration) > 0 {
		return BreaksApproved
	}
	return AsApproved
}

// approval is of an answer that was read, too: it uses what that has, and no more.
func (c *ToolChange) approval() Approval {
	switch {
	case c == nil || c.Source == FromNowhere || c.Source == FromUpstream:
		return ApprovalUnknown
	case c.Breaking:
		return BreaksApproved
	case c.differs():
		return NotAsApproved
	case len(c.NotShown) > 0:
		return ApprovalUnknown
	}
	return AsApproved
}
