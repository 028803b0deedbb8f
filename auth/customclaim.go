package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sync"
)

// CustomClaim is one entry of a customJWTAuthorizer's customClaims, with AWS's
// names. A claim of type STRING is compared by EQUALS with matchValueString; one
// of type STRING_ARRAY by CONTAINS with matchValueString or by CONTAINS_ANY with
// matchValueStringList.
type CustomClaim struct {
	Name      string          `json:"inboundTokenClaimName"`
	ValueType string          `json:"inboundTokenClaimValueType"`
	Match     CustomClaimRule `json:"authorizingClaimMatchValue"`
}

// CustomClaimRule is AWS's authorizingClaimMatchValue.
type CustomClaimRule struct {
	Operator string           `json:"claimMatchOperator"`
	Value    CustomClaimValue `json:"claimMatchValue"`
}

// CustomClaimValue is AWS's union claimMatchValue: one of the two is given.
type CustomClaimValue struct {
	String *string  `json:"matchValueString,omitempty"`
	List   []string `json:"matchValueStringList,omitempty"`
}

// ParseCustomClaims reads a customClaims array in AWS's JSON. Unknown members,
// and operators that do not go with the claim's type, are errors.
func ParseCustomClaims(data []byte) ([]CustomClaim, error) {
	const example = `give AWS's JSON, as in [{"inboundTokenClaimName":"department","inboundTokenClaimValueType":"STRING","authorizingClaimMatchValue":{"claimMatchOperator":"EQUALS","claimMatchValue":{"matchValueString":"engineering"}}}]`
	var raw []json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil || raw == nil {
		return nil, errors.New("custom claims are not a JSON array: " + example)
	}
	claims := make([]CustomClaim, len(raw))
	for i, entry := range raw {
		if _, err := parseStrict(entry); err != nil {
			return nil, fmt.Errorf("custom claim %d: %w: %s", i+1, err, example)
		}
		dec := json.NewDecoder(bytes.NewReader(entry))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&claims[i]); err != nil || dec.Decode(&struct{}{}) != io.EOF {
			return nil, fmt.Errorf("custom claim %d has a member that is unknown or of the wrong type: %s", i+1, example)
		}
		if err := claims[i].check(); err != nil {
			return nil, err
		}
	}
	return claims, nil
}

// claimName is the service model's pattern, in which ".-:" is a range.
// Its length is checked apart, because counts make it slow to compile.
var claimName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_.-:]+$`) })

func (c CustomClaim) check() error {
	if len(c.Name) > 255 || !claimName().MatchString(c.Name) {
		return fmt.Errorf("custom claim %q: give an inboundTokenClaimName of 1 to 255 letters, digits and any of _ . / : in it", clip(c.Name))
	}
	match := c.Match
	wrong := func(why string) error { return fmt.Errorf("custom claim %s: %s", c.Name, why) }
	switch {
	case c.ValueType != "STRING" && c.ValueType != "STRING_ARRAY":
		return wrong(fmt.Sprintf("inboundTokenClaimValueType is %q: give STRING or STRING_ARRAY", clip(c.ValueType)))
	case c.ValueType == "STRING" && match.Operator != "EQUALS":
		return wrong(fmt.Sprintf("claimMatchOperator is %q: a STRING is compared with EQUALS", clip(match.Operator)))
	case c.ValueType == "STRING_ARRAY" && match.Operator != "CONTAINS" && match.Operator != "CONTAINS_ANY":
		return wrong(fmt.Sprintf("claimMatchOperator is %q: a STRING_ARRAY is compared with CONTAINS or CONTAINS_ANY", clip(match.Operator)))
	case (match.Value.String == nil) == (len(match.Value.List) == 0):
		return wrong("claimMatchValue: give one of matchValueString and matchValueStringList")
	case match.Operator == "CONTAINS_ANY" && match.Value.String != nil:
		return wrong("CONTAINS_ANY compares with a matchValueStringList")
	case match.Operator != "CONTAINS_ANY" && match.Value.String == nil:
		return wrong(match.Operator + " compares with a matchValueString")
	case match.Value.String != nil && *match.Value.String == "" || slices.Contains(match.Value.List, ""):
		return wrong("claimMatchValue: an empty string cannot be matched")
	}
	return nil
}

// matches says why a token's claims do not satisfy the rule: nil when they do.
func (c CustomClaim) matches(claims object) error {
	wants := c.Match.Value.List
	if c.Match.Value.String != nil {
		wants = []string{*c.Match.Value.String}
	}
	var values []string
	var err error
	if c.ValueType == "STRING" {
		var value string
		value, err = claims.text(c.Name)
		values = []string{value}
	} else {
		values, err = claims.list(c.Name)
	}
	switch {
	case err != nil:
		return fmt.Errorf("custom claim %w", err)
	case !overlap(values, wants):
		return fmt.Errorf("custom claim %s does not match", c.Name)
	}
	return nil
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
