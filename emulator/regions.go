package emulator

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
)

// mostRegions bounds the worlds of a Server: AWS has fewer regions.
const mostRegions = 64

var regionNames = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+){1,3}-[0-9]{1,2}$`) })

// regions are the worlds of a Server beside its own, each with what was created in
// it: AWS has one endpoint a region, here the scope of a request's signature says
// which is meant.
type regions struct {
	mu  sync.Mutex
	all map[string]*Server
}

// meant is the Server of the region that a request is for: that of its signature, or
// of what its path names. Without either it is s; nil where there are too many.
func (s *Server) meant(r *http.Request) *Server {
	if s.regions == nil {
		return s // one of the other regions
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), protectedResource)
	if runtime, ok := invocationPath(path); ok {
		if named := part(runtime, ":", 3); named != "" {
			return s.known(named)
		}
		return s.known(signedRegion(r))
	}
	_, rest, isGateway := strings.Cut(path, gatewayPath)
	if isGateway {
		return s.withGateway(strings.TrimSuffix(rest, mcpSuffix))
	}
	if path == authorizePath {
		return s.withSession(r.URL.Query().Get("request_uri"))
	}
	return s.inRegion(signedRegion(r))
}

// part is a text's part by its number, "" where there is none.
func part(text, separator string, number int) string {
	parts := strings.Split(text, separator)
	if number >= len(parts) {
		return ""
	}
	return parts[number]
}

// signedRegion is the region in the scope of a request's signature, "" without one.
func signedRegion(r *http.Request) string {
	_, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		return ""
	}
	scope, _, _ = strings.Cut(scope, ",")
	return part(scope, "/", 2)
}

// inRegion is the Server of a region, made where there is none yet; nil for what is none,
// and where there are too many.
func (s *Server) inRegion(name string) *Server {
	if name == "" || name == s.opts.Region {
		return s
	}
	if !regionNames().MatchString(name) {
		return nil
	}
	s.regions.mu.Lock()
	defer s.regions.mu.Unlock()
	if other := s.regions.all[name]; other != nil {
		return other
	}
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return s
	case len(s.regions.all) >= mostRegions:
		return nil
	}
	opts := s.opts
	opts.Region = name
	if opts.Seed != "" {
		opts.Seed += " " + name
	}
	other := New(opts)
	other.regions = nil
	other.stateDelay.Store(s.stateDelay.Load())
	other.syncTimeout.Store(s.syncTimeout.Load())
	s.regions.all[name] = other
	return other
}

// known is the Server of a region that there is, else s.
func (s *Server) known(name string) *Server {
	s.regions.mu.Lock()
	defer s.regions.mu.Unlock()
	if other := s.regions.all[name]; other != nil {
		return other
	}
	return s
}

func (s *Server) withGateway(id string) *Server {
	return s.which(func(other *Server) bool { return other.gateway(id) != nil })
}

func (s *Server) withSession(uri string) *Server {
	return s.which(func(other *Server) bool { return other.sessions[uri] != nil })
}

// which is the Server of another region for which has is true, else s. has runs with
// that Server's mu held.
func (s *Server) which(has func(*Server) bool) *Server {
	s.regions.mu.Lock()
	defer s.regions.mu.Unlock()
	for _, other := range s.regions.all {
		other.mu.Lock()
		found := has(other)
		other.mu.Unlock()
		if found {
			return other
		}
	}
	return s
}

func (s *Server) closeRegions() {
	if s.regions == nil {
		return
	}
	s.regions.mu.Lock()
	defer s.regions.mu.Unlock()
	for _, other := range s.regions.all {
		other.Close()
	}
}
