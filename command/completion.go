package command

import (
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
)

const completionAbout = `Print a completion script for bash, zsh or fish. For this shell: source <(` + program + ` completion bash), the same with zsh, or ` + program + ` completion fish | source. Commands, flags, tools, their arguments and values are completed, and gateways and targets from the account to which the flags and variables lead: those are listed, and nothing is changed.`

// Each script asks the program itself, see tellCandidates.
var (
	//go:embed completion.bash
	bashScript string
	//go:embed completion.zsh
	zshScript string
	//go:embed completion.fish
	fishScript string
)

type completionCommand struct{}

func (*completionCommand) register(*flag.FlagSet) {}

// Run prints the script of a shell.
func (*completionCommand) Run(p *process, _ *globals) (err error) {
	if len(p.args) != 1 {
		return errors.New("completion takes the name of one shell: bash, zsh or fish; see completion --help")
	}
	switch p.args[0] {
	case "bash":
		_, err = io.WriteString(p.stdout, bashScript)
	case "zsh":
		_, err = io.WriteString(p.stdout, zshScript)
	case "fish":
		_, err = io.WriteString(p.stdout, fishScript)
	default:
		err = fmt.Errorf("there is no completion for %q: for bash, zsh and fish there is", p.args[0])
	}
	return err
}
