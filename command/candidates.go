package command

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"agentcore-gateway-mcp/tools"
)

const (
	// candidatesCommand is what the scripts of completion call; nobody types it.
	candidatesCommand = "__complete"
	// files is the candidate that stands for the names of files.
	files = ":files"
)

// candidate is what a word may become.
type candidate struct{ value, about string }

// typing is a command line that is being typed.
type typing struct {
	all     []*command
	call    *callCommand
	globals *globals
	names   func(argument, of string, open bool) []string // of gateways and targets in the account

	command *command // nil where none is there yet
	tool    *definition
	restore bool
	help    bool
	given   map[string]string // arguments of the tool
	awaits  string            // the flag or argument whose value comes next
}

// tellCandidates prints what the last of the words may become, one a line, each with what
// it is about after a tab. args are the shell's name and the words after the program's. It
// changes nothing and never fails: nobody typing could do anything about it.
func tellCandidates(ctx context.Context, args []string, getenv func(string) string, w io.Writer) {
	if len(args) < 2 {
		return
	}
	shell, words, part := args[0], args[1:], 0
	if shell == "bash" {
		words, part = joined(words)
	}
	g := new(globals)
	t := &typing{all: commands(g), globals: g, given: map[string]string{}}
	t.call = commandNamed(t.all, "call").runner.(*callCommand)
	if t.call.know(ctx) != nil {
		return
	}
	t.names = func(argument, of string, open bool) []string { return namesIn(ctx, *t.globals, argument, of, open) }
	for i := range words {
		words[i] = strings.Trim(words[i], `'"`)
	}
	last := words[len(words)-1]
	t.read(words[:len(words)-1])
	if t.whose().fromEnvironment(filled(getenv)) != nil { // what cannot be is told when the line is run
		t.names = func(string, string, bool) []string { return nil }
	}
	for _, c := range t.candidates(last) {
		if shell == "bash" { // which replaces only what stands after the last break
			c.about = ""
			if c.value != files {
				c.value = c.value[min(part, len(c.value)):]
			}
		}
		fmt.Fprintln(w, strings.TrimSuffix(c.value+"\t"+c.about, "\t"))
	}
}

// joined puts words together that bash breaks at = and :, as --target=x. part is how much
// of the last one stands before its last break.
func joined(words []string) (whole []string, part int) {
	glue := false
	for _, word := range words {
		isBreak := word != "" && strings.Trim(word, "=:") == ""
		if n := len(whole) - 1; n >= 0 && (glue || isBreak) {
			part = len(whole[n])
			if isBreak {
				part += len(word)
			}
			whole[n] += word
		} else {
			whole, part = append(whole, word), 0
		}
		glue = isBreak
	}
	return whole, part
}

// read takes in the words before the one that is typed.
func (t *typing) read(words []string) {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		name, has, isName := flagName(word)
		if !isName {
			t.positional(word)
			continue
		}
		own, property, f := t.meaning(name)
		_, value, _ := strings.Cut(word, "=")
		switch {
		case has:
		case property != nil && property.Type == "boolean", f != nil && isSwitch(f), property == nil && f == nil:
			value = "true"
		case len(words) == 0:
			t.awaits = name
			return
		default:
			value, words = words[0], words[1:]
		}
		switch {
		case property != nil && property.Type == "array" && t.given[own] != "":
			t.given[own] += "," + value
		case property != nil:
			t.given[own] = value
		case f != nil:
			_ = t.whose().flags.Set(f.Name, value) // likewise
		}
	}
}

// positional takes in a word that is no flag.
func (t *typing) positional(word string) {
	switch {
	case t.help:
	case t.command == nil && word == "help":
		t.help = true
		return
	case t.command == nil:
		if t.command = commandNamed(t.all, word); t.command != nil {
			return
		}
	}
	if t.tool == nil && (t.command == nil || t.command.runner == t.call) {
		if t.tool = named(t.call.all, word); t.tool != nil || word == "restore" {
			t.command, t.restore = commandNamed(t.all, "call"), t.tool == nil
		}
	}
}

// whose is the command whose flags may stand where the line ends.
func (t *typing) whose() *command {
	if t.command == nil {
		return commandNamed(t.all, "call")
	}
	return t.command
}

// meaning is the argument or the flag of that name, or neither.
func (t *typing) meaning(name string) (own string, _ *jsonschema.Schema, _ *flag.Flag) {
	if t.tool != nil {
		if own, property := t.tool.property(name); property != nil {
			return own, property, nil
		}
	}
	return name, nil, t.whose().flags.Lookup(name)
}

// candidates are what a word may become at the end of the line.
func (t *typing) candidates(word string) []candidate {
	name, has, isName := flagName(word)
	switch {
	case t.awaits != "":
		return t.values(t.awaits, "", word)
	case isName && has:
		before, value, _ := strings.Cut(word, "=")
		return t.values(name, before+"=", value)
	case strings.HasPrefix(word, "-") || t.tool != nil:
		return beginning(t.options(word), word)
	case t.restore:
		return []candidate{{files, ""}}
	}
	return beginning(t.words(), word)
}

// words are the commands and tools that may come next.
func (t *typing) words() (all []candidate) {
	if t.command == nil {
		for _, c := range t.all {
			all = append(all, candidate{c.name, strings.SplitAfter(c.about, ".")[0]})
		}
		if !t.help {
			all = append(all, candidate{"help", "Help on a command, a tool, or flags."})
		} else {
			all = append(all, candidate{flagsTopic, "The flags of every command."})
		}
	}
	if t.command == nil || t.command.runner == t.call {
		sets, _ := t.globals.toolsets()
		for _, d := range t.call.all {
			if t.help || missing(t.globals, sets, d.Name) == nil {
				all = append(all, candidate{d.Name, d.Description})
			}
		}
		if t.help || !t.globals.ReadOnly {
			all = append(all, candidate{"restore", restoreAbout})
		}
	}
	if t.command != nil && t.command.name == "completion" {
		all = []candidate{{"bash", ""}, {"zsh", ""}, {"fish", ""}}
	}
	return all
}

// options are the arguments of the tool that are not given yet, and flags.
func (t *typing) options(word string) (all []candidate) {
	if t.restore {
		all = append(all, candidate{"--dry-run", "only the plan"}, candidate{"--plan", "of a dry run"}, candidate{"--confirm", "its name, once a person has agreed"})
	}
	if t.tool != nil {
		for _, name := range t.tool.arguments() {
			if property := t.tool.schema.Properties[name]; name != unremembered && (t.given[name] == "" || property.Type == "array") {
				all = append(all, candidate{"--" + name, property.Description})
				if other := hyphened(name); other != name && strings.HasPrefix("--"+other, word) && !strings.HasPrefix("--"+name, word) {
					all = append(all, candidate{"--" + other, property.Description})
				}
			}
		}
	}
	if t.tool != nil && word == "" { // what the tool has is what is wanted
		return all
	}
	t.whose().flags.VisitAll(func(f *flag.Flag) {
		if own, property, _ := t.meaning(f.Name); property == nil {
			placeholder, about := flag.UnquoteUsage(f)
			all = append(all, candidate{"--" + own, strings.TrimPrefix(about, placeholder+" ")})
		}
	})
	return append(all, candidate{"--help", ""})
}

// values are what may follow a flag or an argument; before is what stands before the
// value in its word.
func (t *typing) values(name, before, value string) (all []candidate) {
	own, property, f := t.meaning(name)
	var values []string
	several := false
	switch {
	case property != nil:
		values, several = t.valuesOf(own, property)
	case f != nil:
		_, several = f.Value.(*list)
		placeholder, _ := flag.UnquoteUsage(f)
		if placeholder == "FILE" || placeholder == "DIR" {
			return []candidate{{files, ""}}
		}
		values = t.valuesOfFlag(f.Name)
	}
	var taken []string // of which there is no need twice
	if several {
		taken = strings.Split(t.given[own], ",")
	}
	if i := strings.LastIndex(value, ","); several && i >= 0 {
		taken = append(taken, strings.Split(value[:i], ",")...)
		before, value = before+value[:i+1], value[i+1:]
	}
	for _, v := range values {
		if strings.HasPrefix(v, value) && !slices.Contains(taken, v) {
			all = append(all, candidate{value: before + v})
		}
	}
	return all
}

// valuesOf are the values of an argument; several says that it takes more than one.
func (t *typing) valuesOf(name string, s *jsonschema.Schema) (values []string, several bool) {
	if several = s.Type == "array"; several && s.Items != nil && len(s.Items.Enum) > 0 {
		s = s.Items
	}
	for _, v := range s.Enum {
		values = append(values, fmt.Sprint(v))
	}
	switch {
	case s.Type == "boolean":
		values = []string{"true", "false"}
	case name == "gateway":
		return t.names("gateway", "", false), true
	case name == "target" || name == "targets":
		of, _, _ := strings.Cut(t.given["gateway"], ",")
		return t.names("target", strings.TrimPrefix(of, "*"), false), several
	}
	return values, several
}

func (t *typing) valuesOfFlag(name string) (values []string) {
	switch name {
	case "gateway":
		return t.names("gateway", "", true)
	case "log-level":
		return []string{"debug", "info", "warn", "error"}
	case "color":
		return []string{"auto", "always", "never"}
	case "auth":
		return []string{"none", "jwt", "platform"}
	case "toolsets":
		for _, set := range tools.Toolsets() {
			values = append(values, string(set))
		}
		values = append(values, "all")
	}
	return values
}

// beginning are those of the candidates that begin with a word.
func beginning(all []candidate, word string) []candidate {
	return slices.DeleteFunc(all, func(c candidate) bool { return !strings.HasPrefix(c.value, word) })
}
