package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"golang.org/x/sys/unix"
)

// onTerminal runs the program to its end on a terminal of so many columns, and returns
// all that it has written there.
func onTerminal(t *testing.T, cmd *exec.Cmd, width int) (written string, status int) {
	t.Helper()
	near, far, err := openTerminal(width)
	if err != nil {
		t.Skipf("no terminal here: %v", err)
	}
	defer near.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = far, far, far
	cmd.Env = append([]string{"TERM=xterm"}, cmd.Env...) // the test's own is the last word
	err = cmd.Start()
	far.Close()
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(near) // until the last who had it open has ended
	if err != nil && !errors.Is(err, unix.EIO) {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(all), cmd.ProcessState.ExitCode()
}

// openTerminal makes a terminal of so many columns: far is a program's end of it.
func openTerminal(width int) (near, far *os.File, err error) {
	if near, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			near.Close()
		}
	}()
	fd := int(near.Fd())
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	if err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: uint16(width)}); err != nil {
		return nil, nil, err
	}
	far, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	return near, far, err
}

// display is what a terminal shows.
type display struct {
	width    int
	rows     [][]string // characters; "" is the second half of a wide one
	row, col int
	wrapped  []int // rows that began because the one before was full
}

var escapes = regexp.MustCompile("^\x1b\\[([0-9;?]*)([A-Za-z])")

// shown is what a terminal of so many columns shows after all that was written to it. It
// knows no escapes but colours: another one is an error.
func shown(written string, width int) (*display, error) {
	d := &display{width: width, rows: [][]string{{}}}
	for len(written) > 0 {
		switch {
		case written[0] == '\x1b':
			found := escapes.FindStringSubmatch(written)
			if found == nil || found[2] != "m" {
				return d, fmt.Errorf("an escape that is no colour: %.20q", written)
			}
			written = written[len(found[0]):]
			continue
		case strings.HasPrefix(written, "\r\n"):
			d.row, d.col, written = d.row+1, 0, written[2:]
			continue
		case written[0] == '\r':
			d.col, written = 0, written[1:]
			continue
		case written[0] < ' ':
			return d, fmt.Errorf("a control character: %q", written[0])
		}
		character, rest, wide, _ := uniseg.FirstGraphemeClusterInString(written, -1)
		written = rest
		if d.col+wide > width {
			d.row, d.col = d.row+1, 0
			d.wrapped = append(d.wrapped, d.row)
		}
		d.put(character)
		for range wide - 1 {
			d.put("")
		}
	}
	return d, nil
}

func (d *display) put(character string) {
	for len(d.rows) <= d.row {
		d.rows = append(d.rows, nil)
	}
	for len(d.rows[d.row]) <= d.col {
		d.rows[d.row] = append(d.rows[d.row], " ")
	}
	d.rows[d.row][d.col] = character
	d.col++
}

// String is the display without the spaces at the end of its rows.
func (d *display) String() string {
	var out strings.Builder
	for _, row := range d.rows {
		out.WriteString(strings.TrimRight(strings.Join(row, ""), " ") + "\n")
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}
