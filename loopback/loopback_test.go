package loopback_test

import (
	"testing"

	"agentcore-gateway-mcp/loopback"
)

func TestHost(t *testing.T) {
	for host, want := range map[string][2]bool{ // Host, Name
		"localhost":         {true, true},
		"LocalHost":         {true, true},
		"localhost.":        {false, true},
		"127.0.0.1":         {true, true},
		"127.9.9.9":         {true, true},
		"::1":               {true, true},
		"[::1]":             {true, true},
		"::ffff:127.0.0.1":  {true, true},
		"tools.localhost":   {false, true},
		"tools.LOCALHOST.":  {false, true},
		"localhost.example": {false, false},
		"notlocalhost":      {false, false},
		"128.0.0.1":         {false, false},
		"127.1":             {false, false},
		"0.0.0.0":           {false, false},
		"":                  {false, false},
	} {
		if got := [2]bool{loopback.Host(host), loopback.Name(host)}; got != want {
			t.Errorf("%q: %v, want %v", host, got, want)
		}
	}
}
