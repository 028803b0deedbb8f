package gateway

import (
	"fmt"
	"time"

	"agentcore-gateway-mcp/aws"
)

// Word is a person's consent to one change of one resource.
type Word struct {
	Name string    // of the resource
	AsOf time.Time // its updatedAt when the person was asked; zero where that is not known
}

// holds reports whether the word is for the resource as it is now.
func (w Word) holds(name string, updatedAt time.Time) bool {
	return w.Name == name && (w.AsOf.IsZero() || w.AsOf.Equal(updatedAt))
}

// Unconfirmed refuses a change that a person has to agree to first. Nothing was changed.
type Unconfirmed struct {
	Name  string    // of the resource, which a Word for it has
	AsOf  time.Time // its updatedAt, zero where it does not exist
	Would string    // what would happen, for the person

	what string // was not done
	or   string // another way than a person's word
}

func (u *Unconfirmed) Error() string {
	return fmt.Sprintf("%s: %s. Ask a person whether that is meant; then call again with confirm set to %q%s", u.what, u.Would, u.Name, u.or)
}

func unconfirmedTarget(t aws.Target, done, would, or string) *Unconfirmed {
	return &Unconfirmed{Name: t.Name, AsOf: t.UpdatedAt, Would: would, what: "target " + t.Name + " was not " + done, or: or}
}

func unconfirmedOf(g aws.Gateway, done, would string) *Unconfirmed {
	return &Unconfirmed{Name: g.Name, AsOf: g.UpdatedAt, Would: would, what: "gateway " + g.Name + " was not " + done}
}
