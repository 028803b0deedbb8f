package emulator

import (
	"errors"
	"fmt"
	"net"
	"net/http"

	"agentcore-gateway-mcp/remote"
)

// fetchFailed opens most of AWS's reasons for a failed synchronization.
const fetchFailed = "Failed to connect and fetch tools from the provided MCP target server. Error - "

// statusReason says in AWS's words why an MCP server's tools could not be read.
// The sentences are as users have reported them; where nobody has, they are
// ours. None of them quotes the server.
func statusReason(err error, maxTools int) string {
	var failure *remote.Error
	if !errors.As(err, &failure) {
		return fetchFailed + "Unable to connect to the MCP server"
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return fetchFailed + "Apache transport request failed"
	case failure.Kind == remote.KindAddress:
		return fetchFailed + "The address of the MCP server is not allowed"
	case failure.Kind == remote.KindTooMany:
		return tooManyTools(maxTools)
	case failure.Kind == remote.KindTooLarge:
		return fetchFailed + "The tools of the MCP server are larger than allowed"
	case failure.Kind == remote.KindProtocol:
		return fetchFailed + "The answer of the MCP server could not be understood"
	case failure.Kind == remote.KindHTTP:
		switch {
		case failure.Status == http.StatusUnauthorized, failure.Status == http.StatusForbidden:
			return fetchFailed + "Authorization error when sending message"
		case failure.Status < http.StatusInternalServerError:
			return fetchFailed + fmt.Sprintf("Received error (%d) from runtime", failure.Status)
		}
	}
	return fetchFailed + "Unable to connect to the MCP server"
}

func tooManyTools(limit int) string {
	return fmt.Sprintf("The number of tools exceeds the limit of %d tools per target", limit)
}
