package auth

import "math/big"

// hasROCA reports whether an RSA modulus has the fingerprint of keys made by
// Infineon's library RSALib, which can be factored (CVE-2017-15361): modulo each
// of these primes it is a power of 65537. The pairs, a prime and the order of
// 65537 modulo it, are those of the researchers' detector (crocs-muni/roca).
//
// It is our own because the packages for it fill tables when a program starts,
// which took an eighth of this one's start.
func hasROCA(modulus *big.Int) bool {
	for _, p := range [...][2]uint64{
		{11, 2}, {13, 6}, {17, 8}, {19, 9}, {37, 3}, {53, 26}, {61, 20}, {71, 35}, {73, 24},
		{79, 13}, {97, 6}, {103, 51}, {107, 53}, {109, 54}, {127, 42}, {151, 50}, {157, 78},
	} {
		prime, order := p[0], p[1]
		rest, power := new(big.Int).Mod(modulus, new(big.Int).SetUint64(prime)).Uint64(), uint64(1)
		for range order {
			power = power * rest % prime
		}
		if power != 1 {
			return false
		}
	}
	return true
}
