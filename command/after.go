package command

import (
	"context"
	"flag"
	"slices"
	"strings"
)

// know fills in which tools there are.
func (c *callCommand) know(ctx context.Context) (err error) {
	if c.all == nil {
		c.all, err = definitions(ctx)
	}
	return err
}

// arrange sorts what stands after a tool's name: flags of the program are set, and the
// rest stays in args. Where both have a name, as both have gateway, it is the tool's.
func (c *command) arrange(all []definition) error {
	if len(c.args) == 0 {
		return nil
	}
	own := func(string) (switches, known bool) { return false, false }
	if tool := named(all, c.args[0]); tool != nil {
		own = func(name string) (switches, known bool) {
			_, p := tool.property(name)
			return p != nil && p.Type == "boolean", p != nil
		}
	} else if c.args[0] == "restore" {
		flags := new(restoreArguments).flags()
		own = func(name string) (switches, known bool) {
			f := flags.Lookup(name)
			return f != nil && isSwitch(f), f != nil
		}
	}
	tools, program, help := separate(c.args[1:], own, c.flags)
	if err := c.flags.Parse(program); err != nil {
		return err
	}
	if help {
		return topicOf(c.args[:1])
	}
	c.args = append(slices.Clone(c.args[:1]), tools...)
	return nil
}

// separate parts arguments into those of a tool and the flags of the program. own says
// which names are the tool's, and stand without a value; help that it is asked for.
func separate(args []string, own func(name string) (switches, known bool), flags *flag.FlagSet) (tools, program []string, help bool) {
	for len(args) > 0 {
		name, has, isName := flagName(args[0])
		f := flags.Lookup(name)
		switches, known := own(name)
		of := &tools
		switch {
		case !isName:
			switches = true // nothing follows
		case known:
		case name == "h" || name == "help":
			help, switches = true, true
			of = new([]string)
		case f != nil:
			of, switches = &program, isSwitch(f)
		default:
			switches = true // whose value it would be is not known
		}
		takes := 1
		if !switches && !has && len(args) > 1 && !(known && strings.HasPrefix(args[1], "--")) {
			takes = 2
		}
		*of = append(*of, args[:takes]...)
		args = args[takes:]
	}
	return tools, program, help
}

// flagName is the name in -name, --name or --name=value; has says that there is a value.
func flagName(arg string) (name string, has, ok bool) {
	name, ok = strings.CutPrefix(arg, "-")
	name, _, has = strings.Cut(strings.TrimPrefix(name, "-"), "=")
	return name, has, ok && name != ""
}

// isSwitch reports whether a flag may stand without a value.
func isSwitch(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
