// Package interop holds no code, only tests: the program is built and driven by
// clients and suites that others wrote. They say whether it speaks MCP and
// AWS's protocol as the world does, and not only as its own tests believe.
//
// mcp/ has what the MCP clients run, aws/ what the AWS SDKs run. README.md says
// how to install them.
package interop
