package main

import (
	"bytes"
	"debug/macho"
	"encoding/binary"
	"fmt"
	"os"
)

// pageBits is the logarithm of arm64's page size on macOS, which no slice may cross.
const pageBits = 14

// join makes one program of those for several processors, as lipo does: a header that
// says where each of them begins, in big-endian, and then they as they are, signatures
// included.
func join(to string, programs []string) error {
	var slices [][]byte
	header := new(bytes.Buffer)
	put := func(words ...uint32) {
		for _, word := range words {
			header.Write(binary.BigEndian.AppendUint32(nil, word))
		}
	}
	put(macho.MagicFat, uint32(len(programs)))
	next := align(header.Len() + len(programs)*20)
	for _, program := range programs {
		slice, err := os.ReadFile(program)
		if err != nil {
			return err
		}
		read, err := macho.NewFile(bytes.NewReader(slice))
		if err != nil {
			return fmt.Errorf("%s is no program of macOS: %w", program, err)
		}
		put(uint32(read.Cpu), read.SubCpu, uint32(next), uint32(len(slice)), pageBits)
		slices = append(slices, slice)
		next = align(next + len(slice))
	}
	whole := header.Bytes()
	for _, slice := range slices {
		whole = append(whole, make([]byte, align(len(whole))-len(whole))...)
		whole = append(whole, slice...)
	}
	return os.WriteFile(to, whole, 0o755)
}

func align(n int) int { return (n + 1<<pageBits - 1) &^ (1<<pageBits - 1) }
