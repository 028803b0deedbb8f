package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol"
	"github.com/aws/aws-sdk-go-v2/service/bedrockagentcorecontrol/types"

	"agentcore-gateway-mcp/aws"
	"agentcore-gateway-mcp/catalog"
)

// target is a target's record, as GetGatewayTarget answers it, and what the
// gateway serves of it.
type target struct {
	sequence  int
	record    bedrockagentcorecontrol.GetGatewayTargetOutput
	served    *served // nil until the first success
	job       int     // of the last job begun; an older one changes nothing any more
	working   bool    // a job is under way
	consented int     // the job for which a person has consented
	origin    string  // scheme and host by which the client of the last job reached us
	listener  string  // scheme and address at which it did
}

// served is the catalogue that a gateway serves of a target, and the name and
// endpoint that it belongs to. It is replaced as a whole.
type served struct {
	name      string
	endpoint  string
	transport http.RoundTripper // adds the target's credentials
	dynamic   bool              // its lists are asked from the endpoint at every listing
	lists     catalog.List
	priority  int32 // the lowest serves a resource that several targets have
}

func (s *Server) createTarget(r *request) (json.RawMessage, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, err
	}
	scope := "CreateGatewayTarget " + *gw.record.GatewayId
	id, repeated, err := s.repeats(r, scope)
	if err != nil {
		return nil, err
	}
	if repeated {
		if t := gw.target(id); t != nil {
			return encode(&t.record)
		}
	}
	if gw.record.Status == types.GatewayStatusDeleting {
		return nil, idle("Gateway", *gw.record.GatewayId, gw.record.Status)
	}
	t := &target{}
	if err := decodeTarget(r, &t.record); err != nil {
		return nil, err
	}
	if len(gw.targets) >= s.opts.TargetsPerGateway {
		return nil, &apiError{code: serviceQuotaExceeded, message: fmt.Sprintf("You have reached the limit of %d targets per gateway", s.opts.TargetsPerGateway)}
	}
	if err := gw.vacant(*t.record.Name, nil); err != nil {
		return nil, err
	}
	id = s.random.id(upperAlphanumeric)
	s.sequence++
	t.sequence = s.sequence
	t.record.GatewayArn = gw.record.GatewayArn
	t.record.TargetId = &id
	t.record.CreatedAt = s.stamp(nil)
	t.record.UpdatedAt = t.record.CreatedAt
	t.record.Status = types.TargetStatusCreating
	if err := s.workOnTarget(r, gw, t, types.TargetStatusCreating); err != nil {
		return nil, err
	}
	gw.targets = append(gw.targets, t)
	s.remember(r, scope, id)
	return encode(&t.record)
}

func (s *Server) getTarget(r *request) (json.RawMessage, error) {
	_, t, err := s.findTarget(r, r.str("targetId"))
	if err != nil {
		return nil, err
	}
	return encode(&t.record)
}

// updateTarget replaces: what the request leaves out is gone.
func (s *Server) updateTarget(r *request) (json.RawMessage, error) {
	gw, t, err := s.findTarget(r, r.str("targetId"))
	if err != nil {
		return nil, err
	}
	if err := available(t, "update", "updating"); err != nil {
		return nil, err
	}
	var next bedrockagentcorecontrol.GetGatewayTargetOutput
	if err := decodeTarget(r, &next); err != nil {
		return nil, err
	}
	if err := gw.vacant(*next.Name, t); err != nil {
		return nil, err
	}
	next.GatewayArn, next.TargetId, next.CreatedAt = t.record.GatewayArn, t.record.TargetId, t.record.CreatedAt
	next.LastSynchronizedAt = t.record.LastSynchronizedAt
	next.UpdatedAt = s.stamp(t.record.UpdatedAt)
	next.Status = types.TargetStatusUpdating
	if err := s.workOnTarget(r, gw, t, types.TargetStatusUpdating); err != nil {
		return nil, err
	}
	t.record = next
	return encode(&t.record)
}

func (s *Server) deleteTarget(r *request) (json.RawMessage, error) {
	gw, t, err := s.findTarget(r, r.str("targetId"))
	if err != nil {
		return nil, err
	}
	if err := available(t, "delete", "deleting"); err != nil {
		return nil, err
	}
	if err := s.workOnTarget(r, gw, t, types.TargetStatusDeleting); err != nil {
		return nil, err
	}
	s.enter(t, types.TargetStatusDeleting)
	return aws.EncodeJSON(&bedrockagentcorecontrol.DeleteGatewayTargetOutput{
		GatewayArn: t.record.GatewayArn, TargetId: t.record.TargetId, Status: t.record.Status,
	})
}

func (s *Server) synchronizeTargets(r *request) (json.RawMessage, error) {
	ids, _ := r.members["targetIdList"].([]any) // exactly one string, says the model
	id, _ := ids[0].(string)
	gw, t, err := s.findTarget(r, id)
	if err != nil {
		return nil, err
	}
	if err := available(t, "synchronize", "synchronizing"); err != nil {
		return nil, err
	}
	server := mcpServer(&t.record)
	switch {
	case server == nil:
		return nil, refused("Target %s is not an MCP server target. Only MCP server targets can be synchronized", id)
	case server.McpToolSchema != nil:
		return nil, refused("You cannot synchronize a target that has a static tool schema (mcpToolSchema) configured. Remove the static schema through an UpdateGatewayTarget call to enable dynamic tool synchronization.")
	case server.ListingMode == types.ListingModeDynamic:
		return nil, refused("You cannot synchronize a target whose listing mode is DYNAMIC: its tools are retrieved when they are listed")
	}
	if err := s.workOnTarget(r, gw, t, types.TargetStatusSynchronizing); err != nil {
		return nil, err
	}
	s.enter(t, types.TargetStatusSynchronizing)
	record, err := encode(&t.record)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string][]json.RawMessage{"targets": {record}})
}

func (s *Server) listTargets(r *request) (json.RawMessage, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, err
	}
	page, next, err := paginate(r, *gw.record.GatewayId, gw.targets, func(t *target) int { return t.sequence })
	if err != nil {
		return nil, err
	}
	out := &bedrockagentcorecontrol.ListGatewayTargetsOutput{Items: []types.TargetSummary{}, NextToken: next}
	for _, t := range page {
		summary := types.TargetSummary{
			AuthorizationData:  t.record.AuthorizationData,
			CreatedAt:          t.record.CreatedAt,
			Description:        t.record.Description,
			LastSynchronizedAt: t.record.LastSynchronizedAt,
			Name:               t.record.Name,
			Status:             t.record.Status,
			TargetId:           t.record.TargetId,
			TargetType:         aws.TypeOf(t.record.TargetConfiguration),
			UpdatedAt:          t.record.UpdatedAt,
		}
		if server := mcpServer(&t.record); server != nil {
			summary.ListingMode, summary.ResourcePriority = server.ListingMode, server.ResourcePriority
		}
		out.Items = append(out.Items, summary)
	}
	return encode(out)
}

// enter puts a target into a working state.
func (s *Server) enter(t *target, status types.TargetStatus) {
	t.record.Status = status
	t.record.StatusReasons = nil
	t.record.AuthorizationData = nil
	t.record.UpdatedAt = s.stamp(t.record.UpdatedAt)
}

// available refuses work on a target that waits for a person or is being
// worked on.
func available(t *target, verb, gerund string) error {
	switch status := t.record.Status; status {
	case types.TargetStatusCreatePendingAuth, types.TargetStatusUpdatePendingAuth, types.TargetStatusSynchronizePendingAuth:
		return refused("You cannot %s a target that is in a pending authorization state (%s). Wait for the authorization to complete or fail before %s.", verb, status, gerund)
	default:
		return idle("Target", *t.record.TargetId, status)
	}
}

// vacant refuses a name that a target other than self has.
func (gw *gateway) vacant(name string, self *target) error {
	if slices.ContainsFunc(gw.targets, func(t *target) bool { return t != self && *t.record.Name == name }) {
		return conflicting("A target with name %s already exists in gateway %s", name, *gw.record.GatewayId)
	}
	return nil
}

// target returns the gateway's target with this id, nil when there is none.
func (gw *gateway) target(id string) *target {
	for _, t := range gw.targets {
		if *t.record.TargetId == id {
			return t
		}
	}
	return nil
}

func (s *Server) findTarget(r *request, id string) (*gateway, *target, error) {
	gw, err := s.findGateway(r)
	if err != nil {
		return nil, nil, err
	}
	t := gw.target(id)
	if t == nil {
		return nil, nil, &apiError{code: resourceNotFound, message: "Failed to retrieve target because it doesn't exist. Retry the request with a different resource identifier."}
	}
	return gw, t, nil
}

// decodeTarget fills a record from a Create or Update request and checks what
// the model cannot say.
func decodeTarget(r *request, record *bedrockagentcorecontrol.GetGatewayTargetOutput) error {
	if err := aws.DecodeJSON(r.body, record); err != nil {
		return cannotParse("the body could not be decoded")
	}
	server := mcpServer(record)
	if server == nil {
		return nil
	}
	for _, c := range record.CredentialProviderConfigurations {
		_, hasProvider := c.CredentialProvider.(*types.CredentialProviderMemberIamCredentialProvider)
		if c.CredentialProviderType == types.CredentialProviderTypeGatewayIamRole && !hasProvider {
			return refused("IamCredentialProvider is required for mcpServer targets using IAM authentication")
		}
	}
	if server.McpToolSchema != nil && server.ListingMode == types.ListingModeDynamic {
		return refused("A static tool schema (mcpToolSchema) cannot be combined with the listing mode DYNAMIC")
	}
	return nil
}

// mcpServer is the configuration of an MCP server target, nil for others.
func mcpServer(record *bedrockagentcorecontrol.GetGatewayTargetOutput) *types.McpServerTargetConfiguration {
	mcp, ok := record.TargetConfiguration.(*types.TargetConfigurationMemberMcp)
	if !ok {
		return nil
	}
	server, ok := mcp.Value.(*types.McpTargetConfigurationMemberMcpServer)
	if !ok {
		return nil
	}
	return &server.Value
}

func (v *served) has(tool string) bool {
	return v.dynamic || slices.ContainsFunc(v.lists.Tools, func(t catalog.Tool) bool { return t.Name == tool })
}
