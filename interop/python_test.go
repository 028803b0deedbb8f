package interop_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const pythonRemedy = "pip install --upgrade boto3 awscli"

// fromPython finds a command that comes with Python or its packages.
func fromPython(t *testing.T, command string) string {
	t.Helper()
	path, err := exec.LookPath(command)
	if err != nil {
		missing(t, "there is no "+command, pythonRemedy)
	}
	return path
}

// pythonEnvironment keeps the user's home, where Python may have its packages.
func pythonEnvironment(more ...string) []string {
	return environment(os.Getenv("HOME"), append(more, "PYTHONDONTWRITEBYTECODE=1")...)
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
