package redis

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// addrForm matches a host's name or address, an IPv6 one in brackets, and a port.
var addrForm = regexp.MustCompile(`^(?:[A-Za-z0-9_.-]+|\[[A-Za-z0-9_.:%-]+\]):([1-9][0-9]{0,4})$`)

// CheckAddr returns an error unless addr is host:port, with a port from 1 to 65535 and brackets
// around an IPv6 address. The error does not repeat an address with an @, before which may be a
// password.
func CheckAddr(addr string) error {
	if strings.Contains(addr, "@") {
		return errors.New("an address has an @: give host:port alone, and user and password apart from it")
	}
	m := addrForm.FindStringSubmatch(addr)
	if m == nil {
		return fmt.Errorf("%q is not host:port", addr)
	}
	if _, err := strconv.ParseUint(m[1], 10, 16); err != nil {
		return fmt.Errorf("%q is not host:port: the port is more than 65535", addr)
	}
	return nil
}

// ParseAddrs returns the addresses in a list separated by commas. It ignores blanks around them and
// empty items. The error names every item that is no address; they are returned as well.
func ParseAddrs(list string) (addrs []string, err error) {
	for addr := range strings.SplitSeq(list, ",") {
		if addr = strings.TrimSpace(addr); addr != "" {
			addrs = append(addrs, addr)
		}
	}
	if len(addrs) == 0 {
		return nil, nil
	}
	var errs []error
	for _, a := range addrs {
		errs = append(errs, CheckAddr(a))
	}
	return addrs, errors.Join(errs...)
}
