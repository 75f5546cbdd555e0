package operations

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// aclOf is the ACL SETUSER command of docs/SECURITY.md for a user, with a password in place of PASSWORD.
func aclOf(t *testing.T, user, password string) []any {
	t.Helper()
	text, err := os.ReadFile("../../../docs/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?m)^```acl " + user + "\n(ACL SETUSER .*)\n```$").FindSubmatch(text)
	if found == nil {
		t.Fatalf("docs/SECURITY.md has no ACL SETUSER of %s in a line", user)
	}
	var command []any
	for _, word := range strings.Fields(string(found[1])) {
		command = append(command, strings.Replace(word, ">PASSWORD", ">"+password, 1))
	}
	return command
}

// granted is what a command of the document allows, by the names of Redis's statistics.
func granted(command []any) (names []string) {
	for _, word := range command {
		if name, ok := strings.CutPrefix(word.(string), "+"); ok {
			names = append(names, name)
		}
	}
	return names
}
