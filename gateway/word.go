package gateway

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"agentcore-gateway-mcp/aws"
)

// Word is a person's consent to one change of one resource.
type Word struct {
	Name string       // of the resource
	AsOf time.Time    // its updatedAt when the person was asked; zero where it has none, or nobody was asked by us
	Mark Mark         // of what they were asked; zero where nobody was asked by us
	Used *atomic.Bool // is set where the word was asked for, and was the right one; may be nil
}

// Mark stands for a question and all that it is about.
type Mark [sha256.Size]byte

// agrees reports whether the word is for this question, about the resource as it is now.
func (w Word) agrees(u *Unconfirmed) bool {
	if w.Name != u.Name {
		u.given = w.Name
	}
	agrees := w.Name == u.Name && (w.AsOf.IsZero() || w.AsOf.Equal(u.AsOf)) && (w.Mark == Mark{} || w.Mark == u.Mark())
	if agrees && w.Used != nil {
		w.Used.Store(true)
	}
	return agrees
}

// Unconfirmed refuses a change that a person has to agree to first. Nothing was changed.
type Unconfirmed struct {
	Name  string    // of the resource, which a Word for it has
	AsOf  time.Time // its updatedAt, zero where it does not exist
	Would string    // what would happen, for the person

	what  string   // was not done
	or    string   // another way than a person's word
	given string   // a name that is not its own
	binds []string // what else the question is about, and does not name in full
}

// Mark stands for the question: another one takes another word.
func (u *Unconfirmed) Mark() Mark {
	return sha256.Sum256([]byte(u.Would + "\x00" + strings.Join(u.binds, "\x00")))
}

// Gateway is the ARN of the gateway that it is about, "" for none.
func (u *Unconfirmed) Gateway() string {
	for _, bound := range u.binds {
		if gatewayARN().MatchString(bound) {
			return bound
		}
	}
	return ""
}

func (u *Unconfirmed) Error() string {
	what := u.what
	if u.given != "" {
		what += " (confirm is " + asked(u.given) + ", which is not its name)"
	}
	return fmt.Sprintf("%s: %s. Ask a person whether that is meant; then call again with confirm set to %q%s", what, u.Would, u.Name, u.or)
}

func unconfirmedTarget(t aws.Target, done, would, or string, binds ...string) *Unconfirmed {
	return &Unconfirmed{Name: t.Name, AsOf: t.UpdatedAt, Would: would, what: "target " + t.Name + " was not " + done, or: or, binds: binds}
}

func unconfirmedOf(g aws.Gateway, done, would string, binds ...string) *Unconfirmed {
	return &Unconfirmed{Name: g.Name, AsOf: g.UpdatedAt, Would: would, what: "gateway " + g.Name + " was not " + done, binds: binds}
}
