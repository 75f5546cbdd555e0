package sinks

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// redisAddr is a host's name or address, an IPv6 one in brackets, and a port.
var redisAddr = regexp.MustCompile(`^(?:[A-Za-z0-9_.-]+|\[[A-Za-z0-9_.:%-]+\]):([1-9][0-9]{0,4})$`)

// CheckRedisAddr tells whether an address of Redis is host:port, with a port from 1 to 65535 and brackets around an IPv6 address. Its
// errors do not repeat an address with an @: what stands before that may be a password.
func CheckRedisAddr(addr string) error {
	if strings.Contains(addr, "@") {
		return errors.New("an address has an @: give host:port alone, and user and password apart from it")
	}
	m := redisAddr.FindStringSubmatch(addr)
	if m == nil {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if _, err := strconv.ParseUint(m[1], 10, 16); err != nil {
		return fmt.Errorf("%q is not host:port: the port is more than 65535", addr)
	}
	return nil
}

// ParseRedisAddrs reads addresses of Redis, separated by commas. Blanks around them, and items that are empty, say nothing. The error
// names every one that is none; the addresses are returned all the same.
func ParseRedisAddrs(list string) (addrs []string, err error) {
	for addr := range strings.SplitSeq(list, ",") {
		if addr = strings.TrimSpace(addr); addr != "" {
			addrs = append(addrs, addr)
		}
	}
	if len(addrs) == 0 {
		return nil, nil
	}
	return addrs, RedisConfig{Addrs: addrs}.Validate()
}
