package inbound

import (
	"container/list"
	"net"
	"net/http"
	"sync"
	"time"
)

// connections are those that are open, by the remote address, which is one
// connection's at a time.
type connections struct {
	most, spare int
	rest        time.Duration // see [Limits.Rest]

	mu        sync.Mutex
	open      map[string]*connection
	strangers list.List // *connection, the oldest first
	resting   list.List // *connection of known callers without a request, the longest first
	spares    int       // open ones that were accepted only to be told 503
}

// connection is one of a caller who is known, of a stranger, or a spare one.
type connection struct {
	net.Conn
	in       *connections
	key      string
	stranger *list.Element // nil for the others
	resting  *list.Element // nil for the others
	since    time.Time     // it has rested
	isSpare  bool
}

// limitedListener goes on accepting at the limit: a listener that stops would let
// those who hold connections keep everybody else out.
type limitedListener struct {
	net.Listener
	connections *connections
}

func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.connections.add(conn); c != nil {
			return c, nil
		}
		conn.Close()
	}
}

// add finds room for a connection; nil when there is none.
func (c *connections) add(conn net.Conn) *connection {
	added := &connection{Conn: conn, in: c, key: conn.RemoteAddr().String()}
	c.mu.Lock()
	var leaves *connection
	switch {
	case len(c.open)-c.spares < c.most:
	case c.strangers.Len() > 0:
		leaves = c.strangers.Front().Value.(*connection)
		c.remove(leaves)
	case c.resting.Len() > 0 && time.Since(c.resting.Front().Value.(*connection).since) >= c.rest:
		leaves = c.resting.Front().Value.(*connection)
		c.remove(leaves)
	case c.spares < c.spare:
		added.isSpare = true
		c.spares++
	default:
		c.mu.Unlock()
		return nil
	}
	c.open[added.key] = added
	if !added.isSpare {
		added.stranger = c.strangers.PushBack(added)
	}
	c.mu.Unlock()
	if leaves != nil {
		leaves.Conn.Close()
	}
	return added
}

// remove is called with mu held, any number of times.
func (c *connections) remove(conn *connection) {
	if c.open[conn.key] != conn {
		return
	}
	delete(c.open, conn.key)
	c.wake(conn)
	if conn.isSpare {
		c.spares--
	}
	if conn.stranger != nil {
		c.strangers.Remove(conn.stranger)
		conn.stranger = nil
	}
}

// wake is called with mu held.
func (c *connections) wake(conn *connection) {
	if conn.resting != nil {
		c.resting.Remove(conn.resting)
		conn.resting = nil
	}
}

// turned is told by net/http when a connection gets a request, and when it has none
// any more.
func (c *connections) turned(conn net.Conn, state http.ConnState) {
	own, ok := conn.(*connection)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wake(own)
	if known := own.stranger == nil && !own.isSpare; state == http.StateIdle && known && c.open[own.key] == own {
		own.resting, own.since = c.resting.PushBack(own), time.Now()
	}
}

func (c *connections) admit(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn := c.open[key]; conn != nil && conn.stranger != nil {
		c.strangers.Remove(conn.stranger)
		conn.stranger = nil
	}
}

func (c *connections) isSpare(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn := c.open[key]
	return conn != nil && conn.isSpare
}

// Close gives the connection's place back.
func (c *connection) Close() error {
	c.in.mu.Lock()
	c.in.remove(c)
	c.in.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets net/http end an answer without a reset.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
