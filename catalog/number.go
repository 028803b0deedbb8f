package catalog

import (
	"cmp"
	"strconv"
	"strings"
)

// plainDigits is up to how many digits a number is written without exponent.
const plainDigits = 21

// normalNumber gives every JSON number one spelling, without a float's
// rounding: 1.0, 1 and 10e-1 are "1". A number whose exponent is beyond 62 bits
// is left as it came.
func normalNumber(s string) string {
	digits, negative := strings.CutPrefix(s, "-")
	if len(digits) <= plainDigits && !strings.ContainsAny(digits, ".eE") && digits != "0" {
		return s
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(digits), "e")
	power := int64(0)
	if exponent != "" {
		p, err := strconv.ParseInt(exponent, 10, 63)
		if err != nil {
			return s
		}
		power = p
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	digits = strings.TrimRight(all, "0")
	if digits == "" {
		return "0"
	}
	power += int64(len(all)-len(digits)) - int64(len(fraction))
	sign := ""
	if negative {
		sign = "-"
	}
	switch length := int64(len(digits)); {
	case power >= 0 && length+power <= plainDigits:
		return sign + digits + strings.Repeat("0", int(power))
	case power < 0 && length <= plainDigits && -power < length:
		return sign + digits[:length+power] + "." + digits[length+power:]
	case power < 0 && length <= plainDigits && -power <= plainDigits:
		return sign + "0." + strings.Repeat("0", int(-power-length)) + digits
	}
	return sign + digits + "e" + strconv.FormatInt(power, 10)
}

// compareNumbers orders two numbers in normal spelling. Two that differ by less
// than a float64 can hold are equal to it.
func compareNumbers(a, b string) int {
	x, _ := strconv.ParseFloat(a, 64) // out of range is infinite, which is right here
	y, _ := strconv.ParseFloat(b, 64)
	return cmp.Compare(x, y)
}
